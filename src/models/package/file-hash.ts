import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';

import { invalidCheckpoint, invalidPackage } from './invalid-model.js';
import type { FileRecord } from './manifest.js';

const MAX_READ_BYTES = 1 << 20;

/** `follow` for checkpoints (the Hugging Face cache consists of symbolic links), `refuse` for packages. */
export type LinkRule = 'follow' | 'refuse';

/**
 * Size and SHA-256 of a file, in one pass.
 *
 * @throws MODEL_INVALID if it is not a regular file, or a symbolic or hard link and `links` is `refuse`.
 */
export async function hashFile(path: string, links: LinkRule): Promise<FileRecord> {
  const handle = await openRegular(path, links);
  try {
    return await hashToEnd(handle);
  } finally {
    await handle.close();
  }
}

/**
 * Compares size, then SHA-256. A file of the wrong size is not hashed.
 *
 * @throws MODEL_INVALID if it is not a regular file, or a symbolic or hard link.
 */
export async function matchesHash(path: string, expected: FileRecord): Promise<boolean> {
  const handle = await openRegular(path, 'refuse');
  try {
    if ((await handle.stat()).size !== expected.bytes) return false;
    const { bytes, sha256 } = await hashToEnd(handle);
    return bytes === expected.bytes && sha256 === expected.sha256;
  } finally {
    await handle.close();
  }
}

async function openRegular(path: string, links: LinkRule): Promise<FileHandle> {
  const invalid = links === 'refuse' ? invalidPackage : invalidCheckpoint;
  const name = basename(path);
  // Without O_NONBLOCK, opening a FIFO blocks forever.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = await open(path, links === 'refuse' ? flags | constants.O_NOFOLLOW : flags).catch(
    (cause: unknown) => {
      throw invalid(name, 'the file cannot be opened', cause);
    },
  );
  try {
    const file = await handle.stat();
    if (!file.isFile()) throw invalid(name, 'it is not a regular file');
    // A second name would allow changes after the check.
    if (links === 'refuse' && file.nlink > 1) throw invalid(name, 'hard links are not allowed');
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function hashToEnd(handle: FileHandle): Promise<FileRecord> {
  const hash = createHash('sha256');
  // One spare byte: a small file reaches end-of-file in the first read.
  const readBytes = Math.min(MAX_READ_BYTES, (await handle.stat()).size + 1);
  const buffer = Buffer.allocUnsafe(readBytes);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, readBytes, bytes);
    if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
    hash.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}
