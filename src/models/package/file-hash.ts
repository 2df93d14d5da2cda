import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { invalidModel } from './invalid-model.js';
import type { FileRecord } from './manifest.js';

const MAX_READ_BYTES = 1 << 20;

/** Whether another name may stand for the file; a Hugging Face cache is made of symbolic links. */
export type LinkRule = 'follow' | 'refuse';

/**
 * Reads a file once and says how long it is and what it hashes to.
 *
 * @throws MODEL_INVALID when it is no regular file, or a link, symbolic or hard, where links are refused.
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
 * Whether a file is the one that was recorded; one of another length is not read.
 *
 * @throws MODEL_INVALID when it is no regular file, or a link of either kind.
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
  // Without O_NONBLOCK a FIFO put in a file's place would hang the service.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = await open(path, links === 'refuse' ? flags | constants.O_NOFOLLOW : flags).catch(
    (cause: unknown) => {
      throw invalidModel('one of its files cannot be opened', cause);
    },
  );
  try {
    const file = await handle.stat();
    if (!file.isFile()) throw invalidModel('one of its files is not a file');
    // Through the other name the file could be changed after it was checked.
    if (links === 'refuse' && file.nlink > 1) throw invalidModel('one of its files is a link');
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function hashToEnd(handle: FileHandle): Promise<FileRecord> {
  const hash = createHash('sha256');
  // One byte more than there should be shows the end of a small file at the first reading.
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
