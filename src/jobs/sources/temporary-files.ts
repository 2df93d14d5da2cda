import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { storageError } from '../../errors/storage-error.js';

/** A file that its reader removes. */
export interface TemporaryFile {
  readonly path: string;
  /** Can be called again. */
  dispose(): Promise<void>;
}

/** A symbolic link with a plain name, to a file whose name is not UTF-8. @throws STORAGE_FULL, STORAGE_UNAVAILABLE */
export async function linkTo(target: Buffer, folder: string): Promise<TemporaryFile> {
  const file = temporaryFile(folder);
  try {
    await symlink(target, file.path);
  } catch (cause) {
    throw storageError(cause);
  }
  return file;
}

/**
 * Stores a stream in a new file, which only this user can read.
 *
 * @throws STORAGE_FULL, STORAGE_UNAVAILABLE, the errors of the chunks, the signal's reason. The file is then removed.
 */
export async function storeChunks(
  chunks: AsyncIterable<Uint8Array>,
  folder: string,
  signal?: AbortSignal,
): Promise<TemporaryFile> {
  const file = temporaryFile(folder);
  try {
    const output = createWriteStream(file.path, { flags: 'wx', mode: 0o600 });
    await pipeline(chunks, output, { signal });
    return file;
  } catch (cause) {
    await file.dispose();
    signal?.throwIfAborted();
    // Errors of the operating system name the call that failed.
    throw cause instanceof Error && 'syscall' in cause ? storageError(cause) : cause;
  }
}

function temporaryFile(folder: string): TemporaryFile {
  const path = join(folder, `item-${randomUUID()}`);
  return { path, dispose: () => rm(path, { force: true }) };
}
