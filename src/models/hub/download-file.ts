import { rm, stat, open } from 'node:fs/promises';

import { invalidModel } from '../package/invalid-model.js';
import { type DownloadUrl, requestRange } from './range-request.js';
import type { HubConnection } from './hub-request.js';
import type { HubFile } from './hub-snapshot.js';
import { type FileRange, openPartialFile, type PartialFile } from './partial-file.js';
import { type OnPause, withRetries } from './retry-policy.js';
import { createHash } from 'node:crypto';

export interface DownloadOptions {
  /** Bytes of the file that are done in the step; what an earlier run fetched counts. */
  readonly onProgress: (step: 'download' | 'check', doneBytes: number) => void;
  readonly onPause: OnPause;
  readonly signal: AbortSignal;
}

/**
 * Brings a file to its place, in parts that are fetched side by side, and checks it. What is there already, whole or in
 * part, is not fetched again; bytes that are not those the hub lists are fetched a second time.
 *
 * @returns SHA-256 in hex.
 * @throws HUB_UNAVAILABLE, RATE_LIMITED and others of `requestHub`, after which the next call goes on; MODEL_INVALID when
 *   the bytes are wrong twice; the signal's reason.
 */
export async function downloadFile(
  address: DownloadUrl,
  path: string,
  hub: HubConnection,
  options: DownloadOptions,
): Promise<string> {
  const { file } = address;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (!(await exists(path))) await fetchParts(address, path, hub, options);
    const sha256 = await checkWithProgress(path, file, options);
    if (sha256 !== null) return sha256;
    await rm(path);
  }
  throw invalidModel('the hub sends a file whose bytes are not those it lists');
}

/** The file's SHA-256 in hex; null where its bytes are not those that the hub lists. */
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

async function fetchParts(
  address: DownloadUrl,
  path: string,
  hub: HubConnection,
  options: DownloadOptions,
): Promise<void> {
  const partial = await openPartialFile(path, address.file, hub.policy.rangeBytes);
  try {
    const waiting = partial.parts.entries();
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const work = async () => {
      // All workers take from one iterator, so each part is fetched by one of them.
      for (const [index, part] of waiting) {
        await fetchPart(address, index, part, partial, hub, { ...options, signal });
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
    // The others stopped with the same reason.
    if (failed) throw failed.reason;
  } finally {
    await partial.close();
  }
  await partial.complete();
}

async function fetchPart(
  address: DownloadUrl,
  index: number,
  part: FileRange,
  partial: PartialFile,
  hub: HubConnection,
  { onProgress, onPause, signal }: DownloadOptions,
): Promise<void> {
  const fetchRest = async (onBytes: () => void): Promise<void> => {
    const begin = part.begin + part.doneBytes;
    if (begin >= part.end) return;
    await requestRange(address, { begin, end: part.end }, hub, signal, async (chunk) => {
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
