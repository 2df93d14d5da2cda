import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { MAX_VIDEO_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { FetchPolicy } from '../../media/remote/ssrf-guard.js';
import { accessError } from './access-errors.js';
import { unescapeFileName } from './file-names.js';
import { assertBelowRoots } from './roots.js';
import type { ItemLocation } from './source.js';
import { linkTo, storeChunks } from './temporary-files.js';
import { readEntryData } from './zip-archive.js';

export interface OpenOptions {
  /** Which URLs may be fetched; `null`: none. */
  readonly policy: FetchPolicy | null;
  /** Folders that contain every file of the job, after resolving symbolic links; `null`: any file. */
  readonly roots: readonly string[] | null;
  /** An existing folder for the files that are fetched or extracted. */
  readonly temporaryFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes of an item, as a regular file. */
export interface OpenedItem {
  /** Read it, and leave it unchanged: it may be the file of the archive itself. */
  readonly path: string;
  /** Removes temporary files. Can be called again. */
  dispose(): Promise<void>;
}

/**
 * Makes the bytes of an item readable: a file in place, anything else as a temporary file.
 *
 * @throws NOT_FOUND for a file that is gone; FORBIDDEN outside the roots; INVALID_REQUEST for a folder or device;
 *   STORAGE_UNAVAILABLE and STORAGE_FULL, retryable; the signal's reason
 */
export async function openSourceItem(
  location: ItemLocation,
  options: OpenOptions,
): Promise<OpenedItem> {
  switch (location.kind) {
    case 'file':
      return await openFile(location.path, options);
    case 'zip-entry':
      return await openEntry(location, options);
    case 'url':
    case 'iiif-image':
      throw new SalamandraError('UNSUPPORTED_FEATURE', 'Not a file.');
  }
}

async function openFile(path: string, options: OpenOptions): Promise<OpenedItem> {
  const name = unescapeFileName(await resolve(path, options.roots));
  const status = await stat(name).catch((cause: unknown) => {
    throw accessError(cause);
  });
  if (!status.isFile()) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The path is of a folder, a named pipe, a socket or a device. An item is a regular file.',
    );
  }
  const text = name.toString('utf8');
  // Decoders take paths as text. A name that is not UTF-8 gets a symbolic link whose name is.
  if (!Buffer.from(text).equals(name)) return await linkTo(name, options.temporaryFolder);
  return { path: text, dispose: () => Promise.resolve() };
}

async function openEntry(
  { archive, data }: Extract<ItemLocation, { kind: 'zip-entry' }>,
  { roots, temporaryFolder, signal }: OpenOptions,
): Promise<OpenedItem> {
  if (data.bytes > MAX_VIDEO_BYTES) {
    throw new SalamandraError(
      'MEDIA_TOO_LARGE',
      `The entry of the archive has ${data.bytes} bytes, and the limit is ${MAX_VIDEO_BYTES}.`,
    );
  }
  const chunks = readEntryData(await resolve(archive, roots), data);
  return await storeChunks(chunks, temporaryFolder, signal);
}

/** @throws FORBIDDEN outside the roots, NOT_FOUND for a file that is gone from a folder below them */
async function resolve(path: string, roots: readonly string[] | null): Promise<string> {
  if (roots === null) return path;
  return await assertBelowRoots(path, roots).catch(async (error: unknown) => {
    await assertBelowRoots(dirname(path), roots);
    throw isMissing(error) ? accessError((error as Error).cause) : error;
  });
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
