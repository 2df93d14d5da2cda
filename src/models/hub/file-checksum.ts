import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

import type { HubFile } from './hub-snapshot.js';

const READ_BYTES = 1 << 20;

export interface CheckOptions {
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads a file and compares it with what the hub lists.
 *
 * @returns its SHA-256 in hex, or null where it is not that file.
 */
export async function checkFile(
  path: string,
  { bytes, checksum }: HubFile,
  { onBytes, signal }: CheckOptions,
): Promise<string | null> {
  const handle = await open(path, 'r');
  try {
    if ((await handle.stat()).size !== bytes) return null;
    const sha256 = createHash('sha256');
    const git = checksum.kind === 'git-sha1' ? createHash('sha1').update(`blob ${bytes}\0`) : null;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let position = 0; position < bytes;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, position);
      if (bytesRead === 0) return null;
      const chunk = buffer.subarray(0, bytesRead);
      sha256.update(chunk);
      git?.update(chunk);
      position += bytesRead;
      onBytes(bytesRead);
    }
    const hex = sha256.digest('hex');
    return (git?.digest('hex') ?? hex) === checksum.hex ? hex : null;
  } finally {
    await handle.close();
  }
}
