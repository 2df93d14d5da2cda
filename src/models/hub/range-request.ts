import { invalidCheckpoint } from '../package/invalid-model.js';
import { brokenConnection, TransientFailure, unexpectedResponse } from './hub-errors.js';
import { type HubConnection, requestHub, type HubResponse } from './hub-request.js';
import type { HubFile, HubSnapshot } from './hub-snapshot.js';

/** URLs of a file at the hub. */
export interface DownloadUrl {
  readonly file: HubFile;
  /** `ENDPOINT/REPOSITORY/resolve/COMMIT/FILE`, which usually redirects to a signed URL of a content network. */
  readonly url: URL;
  /** Target of the last redirect. It expires; until then it saves one request to the hub per range. */
  signedUrl: URL | null;
}

/** Bytes `begin` to `end - 1` of a file. */
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
  return { file, url, signedUrl: null };
}

/**
 * Requests a range of a file (RFC 9110, section 14) and passes its chunks to `onChunk`, waiting for each call.
 *
 * @throws TransientFailure, also if the response is shorter than the range or the file has another size than the hub
 *   lists; the errors of `requestHub`.
 */
export async function requestRange(
  source: DownloadUrl,
  range: ByteRange,
  hub: HubConnection,
  signal: AbortSignal,
  onChunk: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  const headers = { range: `bytes=${range.begin}-${range.end - 1}` };
  let missing = range.end - range.begin;
  const requestFrom = (url: URL) =>
    requestHub(url, headers, hub, signal, async (response) => {
      checkRange(response, range, source.file);
      if (response.url.origin !== source.url.origin) source.signedUrl = response.url;
      for await (const chunk of response.body) {
        if (chunk.length > missing) throw unexpectedResponse();
        missing -= chunk.length;
        await onChunk(chunk);
      }
      if (missing > 0) throw brokenConnection(undefined);
    });

  const { signedUrl } = source;
  if (signedUrl === null) {
    await requestFrom(source.url);
    return;
  }
  try {
    await requestFrom(signedUrl);
  } catch (error) {
    source.signedUrl = null;
    const hasStarted = missing < range.end - range.begin;
    if (hasStarted || !(error instanceof TransientFailure)) throw error;
    // The signed URL has probably expired. The hub issues a new one.
    await requestFrom(source.url);
  }
}

/** Compares Content-Range or Content-Length with the request. @throws TransientFailure */
function checkRange({ status, headers }: HubResponse, range: ByteRange, file: HubFile): void {
  const isWhole = range.begin === 0 && range.end === file.bytes;
  const length = headers['content-length'];
  if (status === 200) {
    if (!isWhole) throw new TransientFailure('hub-broken', unexpectedResponse());
    if (length !== undefined && Number(length) !== file.bytes) throw wrongSize(file);
    return;
  }
  const [, begin, end, size] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
  if (Number(size) !== file.bytes) throw wrongSize(file);
  if (Number(begin) !== range.begin || Number(end) !== range.end - 1) {
    throw new TransientFailure('hub-broken', unexpectedResponse());
  }
}

/** Transient because a content network may lag behind the hub. */
function wrongSize(file: HubFile): TransientFailure {
  return new TransientFailure(
    'hub-broken',
    invalidCheckpoint(file.name, `the hub lists ${file.bytes} bytes but sends another size`),
  );
}
