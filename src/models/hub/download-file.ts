import { rm, stat, open } from 'node:fs/promises';

import { invalidCheckpoint } from '../package/invalid-model.js';
import { type DownloadUrl, requestRange } from './range-request.js';
import type { HubConnection } from './hub-request.js';
import type { HubFile } from './hub-snapshot.js';
import { type FileRange, openPartialFile, type PartialFile } from './partial-file.js';
import { type OnPause, withRetries } from './retry-policy.js';
import { createHash } from 'node:crypto';

export interface DownloadOptions {
  /** Bytes of the file done in this step, including those of an earlier run. */
  readonly onProgress: (step: 'download' | 'check', doneBytes: number) => void;
  readonly onPause: OnPause;
  readonly signal: AbortSignal;
}

/**
 * Downloads a file with several Range requests at a time and verifies its checksum. Resumes a partial download. A file
 * with a wrong checksum is downloaded a second time.
 *
 * @returns SHA-256 in hex.
 * @throws HUB_UNAVAILABLE, RATE_LIMITED and the other errors of `requestHub`; the next call resumes. MODEL_INVALID if
 *   the checksum is wrong twice. The signal's reason.
 */
export async function downloadFile(
  source: DownloadUrl,
  path: string,
  hub: HubConnection,
  options: DownloadOptions,
): Promise<string> {
  const { file } = source;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (!(await exists(path))) await downloadRanges(source, path, hub, options);
    const sha256 = await checkWithProgress(path, file, options);
    if (sha256 !== null) return sha256;
    await rm(path);
  }
  throw invalidCheckpoint(
    file.name,
    'the checksum of the downloaded file is not the one that the hub lists; the hub or mirror is damaged',
  );
}

/** SHA-256 of a file in hex, or null if its checksum is not the one that the hub lists. */
export async function checkWithProgress(
  path: string,
  file: HubFile,
  { onProgress, signal }: Pick<DownloadOptions, 'onProgress' | 'signal'>,
): Promise<string | null> {
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress('check', done);
  };
  return await checkFile(path, file, { onBytes, signal });
}

async function downloadRanges(
  source: DownloadUrl,
  path: string,
  hub: HubConnection,
  options: DownloadOptions,
): Promise<void> {
  const partial = await openPartialFile(path, source.file, hub.policy.rangeBytes);
  try {
    const queue = partial.ranges.entries();
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const work = async () => {
      // The connections share one iterator, so each range is requested once.
      for (const [index, range] of queue) {
        await downloadRange(source, index, range, partial, hub, { ...options, signal });
      }
    };
    const workers = Array.from({ length: hub.policy.connections }, () =>
      work().catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    );
    const [failed] = (await Promise.allSettled(workers)).filter(
      (result) => result.status === 'rejected',
    );
    options.signal.throwIfAborted();
    // All rejections have the same reason: the first failure aborts the others.
    if (failed) throw failed.reason;
  } finally {
    await partial.close();
  }
  await partial.complete();
}

async function downloadRange(
  source: DownloadUrl,
  index: number,
  range: FileRange,
  partial: PartialFile,
  hub: HubConnection,
  { onProgress, onPause, signal }: DownloadOptions,
): Promise<void> {
  const fetchRest = async (onBytes: () => void): Promise<void> => {
    const begin = range.begin + range.doneBytes;
    if (begin >= range.end) return;
    await requestRange(source, { begin, end: range.end }, hub, signal, async (chunk) => {
      signal.throwIfAborted();
      await partial.append(index, chunk);
      onBytes();
      onProgress('download', partial.doneBytes());
    });
  };
  await withRetries(fetchRest, hub.policy, onPause, signal);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

const READ_BYTES = 1 << 20;

interface CheckOptions {
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Compares size and checksum of a file with those that the hub lists.
 *
 * @returns SHA-256 in hex, or null if they differ.
 */
async function checkFile(
  path: string,
  { bytes, checksum }: HubFile,
  { onBytes, signal }: CheckOptions,
): Promise<string | null> {
  const handle = await open(path, 'r');
  try {
    if ((await handle.stat()).size !== bytes) return null;
    const sha256 = createHash('sha256');
    const gitBlob =
      checksum.kind === 'git-sha1' ? createHash('sha1').update(`blob ${bytes}\0`) : null;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let position = 0; position < bytes;) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, position);
      if (bytesRead === 0) return null;
      const chunk = buffer.subarray(0, bytesRead);
      sha256.update(chunk);
      gitBlob?.update(chunk);
      position += bytesRead;
      onBytes(bytesRead);
    }
    const hex = sha256.digest('hex');
    return (gitBlob?.digest('hex') ?? hex) === checksum.hex ? hex : null;
  } finally {
    await handle.close();
  }
}
