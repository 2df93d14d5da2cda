import { invalidModel } from '../package/invalid-model.js';
import { brokenConnection, TransientFailure, unexpectedResponse } from './hub-errors.js';
import { type HubConnection, requestHub, type HubResponse } from './hub-request.js';
import type { HubFile, HubSnapshot } from './hub-snapshot.js';

/** Where a file is fetched. */
export interface DownloadUrl {
  readonly file: HubFile;
  /** At the hub, which as a rule sends on to a storage. */
  readonly url: URL;
  /** Where the hub sent the last request; valid for a while. Saves asking the hub for every part. */
  storage: URL | null;
}

/** A stretch of a file, its end left out. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

export function createDownloadUrl(
  endpoint: string,
  { repository, commit }: Pick<HubSnapshot, 'repository' | 'commit'>,
  file: HubFile,
): DownloadUrl {
  const url = new URL(`${endpoint}/${repository}/resolve/${commit}/${file.name}`);
  return { file, url, storage: null };
}

/**
 * Fetches a stretch of a file, piece by piece, at the pace of `take`.
 *
 * @throws TransientFailure, also for less than was asked for; MODEL_INVALID for a file of another size; as `requestHub`.
 */
export async function requestRange(
  address: DownloadUrl,
  range: ByteRange,
  hub: HubConnection,
  signal: AbortSignal,
  take: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  const headers = { range: `bytes=${range.begin}-${range.end - 1}` };
  let missing = range.end - range.begin;
  const requestFrom = (url: URL) =>
    requestHub(url, headers, hub, signal, async (response) => {
      checkRange(response, range, address.file);
      if (response.url.origin !== address.url.origin) address.storage = response.url;
      for await (const chunk of response.body) {
        if (chunk.length > missing) throw unexpectedResponse();
        missing -= chunk.length;
        await take(chunk);
      }
      if (missing > 0) throw brokenConnection(undefined);
    });

  const { storage } = address;
  if (storage === null) {
    await requestFrom(address.url);
    return;
  }
  try {
    await requestFrom(storage);
  } catch (error) {
    address.storage = null;
    const hasBegun = missing < range.end - range.begin;
    if (hasBegun || !(error instanceof TransientFailure)) throw error;
    // Signed addresses run out, which is no failure: the hub gives a new one.
    await requestFrom(address.url);
  }
}

/** @throws TransientFailure where the answer is about other bytes. */
function checkRange({ status, headers }: HubResponse, range: ByteRange, file: HubFile): void {
  const isWhole = range.begin === 0 && range.end === file.bytes;
  const length = headers['content-length'];
  if (status === 200) {
    if (!isWhole) throw new TransientFailure('hub-broken', unexpectedResponse());
    if (length !== undefined && Number(length) !== file.bytes) throw wrongSize();
    return;
  }
  const [, begin, end, size] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (Number(size) !== file.bytes) throw wrongSize();
  if (Number(begin) !== range.begin || Number(end) !== range.end - 1) {
    throw new TransientFailure('hub-broken', unexpectedResponse());
  }
}

/** A storage may be behind its hub for a moment. */
function wrongSize(): TransientFailure {
  return new TransientFailure(
    'hub-broken',
    invalidModel('the hub sends a file whose size is not the one it lists'),
  );
}
