import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

import { SalamandraError } from '../errors/salamandra-error.js';
import { accessError } from '../jobs/sources/access-errors.js';

/**
 * Replaces a file in one step: a crash leaves the old one or the new one, on disk.
 *
 * @param name relative to the folder, without `/`. Names are bytes, because they need not be UTF-8.
 * @param check called before the file is replaced; an error keeps the old one.
 * @throws the errors of the chunks and of `check`; NOT_FOUND, FORBIDDEN, STORAGE_UNAVAILABLE
 */
export async function replaceFile(
  folder: Buffer,
  name: Buffer,
  chunks: Iterable<string> | AsyncIterable<string | Uint8Array>,
  check: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const path = joinPath(folder, name);
  const temporary = joinPath(folder, Buffer.from(`.salamandra-${randomUUID()}.tmp`));
  try {
    const handle = await open(temporary, 'wx', await modeOf(path));
    try {
      for await (const chunk of chunks) await handle.appendFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await check();
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error instanceof SalamandraError ? error : accessError(error);
  }
}

export function joinPath(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

/** The permissions of the file; of a new one those that the system gives. */
async function modeOf(path: Buffer): Promise<number> {
  const handle = await open(path, 'r').catch(() => null);
  if (!handle) return 0o666;
  try {
    return (await handle.stat()).mode & 0o777;
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: Buffer): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
