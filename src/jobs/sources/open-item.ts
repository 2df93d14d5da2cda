import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { MAX_IMAGE_BYTES, MAX_VIDEO_BYTES } from '../../config/limits.js';
import { IIIF_IMAGE_SIDE } from '../../config/source-limits.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';
import { createGuardedFetcher } from '../../media/remote/media-fetcher.js';
import type { FetchPolicy } from '../../media/remote/ssrf-guard.js';
import { accessError } from './access-errors.js';
import { unescapeFileName } from './file-names.js';
import { readDocument } from './iiif/documents.js';
import { imageRequest, parseImageInfo } from './iiif/image-request.js';
import { assertBelowRoots } from './roots.js';
import type { Confined, MediaLocation } from './source.js';
import { linkTo, storeChunks, type TemporaryFile } from './temporary-files.js';
import { readEntryData } from './zip-archive.js';

export interface OpenOptions {
  /** Which URLs may be fetched; `null`: none. */
  readonly policy: FetchPolicy | null;
  /** The folder for the files that are fetched or extracted; called when one is needed. */
  readonly temporaryFolder: () => Promise<string>;
  /** Where uploaded files are; see `UploadFolder`. */
  readonly uploadFolder: string;
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
 *   MEDIA_CORRUPT for a damaged entry of an archive; MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, PAYLOAD_TOO_LARGE for a
 *   URL; STORAGE_UNAVAILABLE and STORAGE_FULL, retryable; the signal's reason
 */
export async function openSourceItem(
  location: MediaLocation,
  options: OpenOptions,
): Promise<OpenedItem> {
  switch (location.kind) {
    case 'file':
      return await openFile(location, options);
    case 'upload':
      return await openUpload(location, options);
    case 'zip-entry':
      return await openEntry(location, options);
    case 'url':
      return await openUrl(location.url, options);
    case 'iiif-image':
      return await openIiifImage(location, options);
  }
}

async function openUrl(url: string, options: OpenOptions): Promise<OpenedItem> {
  const { policy, temporaryFolder, signal } = options;
  const fetcher = createGuardedFetcher(policy);
  const stored: TemporaryFile[] = [];
  const target = {
    maxImageBytes: MAX_IMAGE_BYTES,
    maxVideoBytes: MAX_VIDEO_BYTES,
    async store(chunks: AsyncIterable<Uint8Array>) {
      const file = await storeChunks(chunks, await temporaryFolder(), signal);
      stored.push(file);
      return file.path;
    },
  };
  const media = await fetcher.fetch(url, target, signal ?? new AbortController().signal);
  if ('bytes' in media) await target.store(Readable.from([media.bytes]));
  const [file] = stored;
  if (file === undefined) throw new Error('The fetcher stored no file.');
  return file;
}

/** Asks the server for a size that it has or computes, and for the image as published if that fails. */
async function openIiifImage(
  { service, region, fallback }: Extract<MediaLocation, { kind: 'iiif-image' }>,
  options: OpenOptions,
): Promise<OpenedItem> {
  try {
    const info = parseImageInfo(
      await readDocument(`${service}/info.json`, options.policy, options.signal),
    );
    if (info === null) throw noImageInfo();
    const url = service + imageRequest(info, region, IIIF_IMAGE_SIDE);
    return await openUrl(url, options);
  } catch (error) {
    const mayFallBack =
      error instanceof SalamandraError && FALLS_BACK.has(error.code) && !isBusy(error);
    if (fallback === null || !mayFallBack) throw error;
    return await openUrl(fallback, options);
  }
}

/** A missing or wrong `info.json`, and a size that the server refuses. */
const FALLS_BACK: ReadonlySet<ErrorCode> = new Set(['MEDIA_FETCH_FAILED', 'INVALID_REQUEST']);

/** A busy server would be asked for more bytes. */
function isBusy({ details }: SalamandraError): boolean {
  return details?.['status'] === 429 || details?.['status'] === 503;
}

function noImageInfo(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'The info.json of the image has no width and height, so it is not of the IIIF Image API.',
  );
}

async function openFile(
  { path, roots }: Extract<MediaLocation, { kind: 'file' }>,
  options: OpenOptions,
): Promise<OpenedItem> {
  const name = unescapeFileName(await resolve(path, roots));
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
  if (!Buffer.from(text).equals(name)) return await linkTo(name, await options.temporaryFolder());
  return { path: text, dispose: () => Promise.resolve() };
}

async function openUpload(
  { job, file }: Extract<MediaLocation, { kind: 'upload' }>,
  { uploadFolder }: OpenOptions,
): Promise<OpenedItem> {
  const path = join(uploadFolder, job, file);
  await stat(path).catch((cause: unknown) => {
    throw new SalamandraError(
      'STORAGE_UNAVAILABLE',
      'The uploaded file is not in SALAMANDRA_HOME of this worker. Processes that share a database must share its folder "uploads".',
      { cause },
    );
  });
  return { path, dispose: () => Promise.resolve() };
}

async function openEntry(
  { archive, data, roots }: Extract<MediaLocation, { kind: 'zip-entry' }>,
  { temporaryFolder, signal }: OpenOptions,
): Promise<OpenedItem> {
  if (data.bytes > MAX_VIDEO_BYTES) {
    throw new SalamandraError(
      'MEDIA_TOO_LARGE',
      `The entry of the archive has ${data.bytes} bytes, and the limit is ${MAX_VIDEO_BYTES}.`,
    );
  }
  const chunks = readEntryData(await resolve(archive, roots), data);
  return await storeChunks(chunks, await temporaryFolder(), signal);
}

/** @throws FORBIDDEN outside the roots, NOT_FOUND for a file that is gone from a folder below them */
async function resolve(path: string, roots: Confined['roots']): Promise<string> {
  if (roots === undefined) return path;
  return await assertBelowRoots(path, roots).catch(async (error: unknown) => {
    await assertBelowRoots(dirname(path), roots);
    throw isMissing(error) ? accessError((error as Error).cause) : error;
  });
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
