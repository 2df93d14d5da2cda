import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** The last file hashed: a programme is sampled once a segment, and reading gigabytes each time would be most of the work. */
let last: { readonly file: string; readonly sha256: string } | undefined;

/** SHA-256 of a file, in hex. Piece by piece: a clip may be larger than memory. */
export async function hashFile(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  const file = [path, size, mtimeMs, ino].join();
  if (last?.file !== file) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    last = { file, sha256: hash.digest('hex') };
  }
  return last.sha256;
}
