import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 of a checkpoint's weight files, as references.py computes it. */
export async function hashWeights(checkpointDirectory: string): Promise<string> {
  const names = (await readdir(checkpointDirectory)).filter((name) =>
    name.endsWith('.safetensors'),
  );
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    for await (const bytes of createReadStream(join(checkpointDirectory, name))) {
      hash.update(bytes as Buffer);
    }
  }
  return hash.digest('hex');
}
