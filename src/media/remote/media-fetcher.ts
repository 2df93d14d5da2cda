import type { MediaUrls } from '../../config/configuration.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { receiveImage } from '../receive-image.js';
import { prependHead, readHead, sniffMediaKind } from '../sniff-media.js';
import type { EncodedFile } from '../byte-source.js';
import { failedFetch, failedStatus, FetchFailure } from './fetch-errors.js';
import { createPublicPolicy, type FetchPolicy } from './ssrf-guard.js';
import { type UrlResponse, fetchUrl } from './fetch-url.js';

/** Fetches media from URLs in requests. */
export interface MediaFetcher {
  /**
   * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, PAYLOAD_TOO_LARGE, the errors of `store`, and the signal's reason.
   */
  fetch(url: string, target: FetchTarget, signal: AbortSignal): Promise<FetchedMedia>;
}

export interface FetchTarget {
  readonly maxImageBytes: number;
  readonly maxVideoBytes: number;
  /**
   * Writes chunks to a new file and returns its path. The caller removes the file.
   *
   * @throws STORAGE_FULL, STORAGE_UNAVAILABLE, the errors of the chunks.
   */
  readonly store: (chunks: AsyncIterable<Uint8Array>) => Promise<string>;
}

/**
 * The encoded image, which is on disk if it is large, or the path of the video file. The kind comes from the content,
 * not from `Content-Type`.
 */
export type FetchedMedia =
  ({ readonly kind: 'image' } & EncodedFile) | { readonly kind: 'video'; readonly path: string };

/** The fetcher for a configuration: it rejects every URL if media URLs are off, else it fetches from public hosts. */
export function createMediaFetcher(mediaUrls: MediaUrls): MediaFetcher {
  return createGuardedFetcher(
    mediaUrls === 'off' ? null : createPublicPolicy(mediaUrls.allowedDomains),
  );
}

/** A fetcher with a given policy; `null` rejects every URL. */
export function createGuardedFetcher(policy: FetchPolicy | null): MediaFetcher {
  if (policy === null) return { fetch: () => Promise.reject(switchedOff()) };
  return {
    fetch: (url, target, signal) =>
      fetchUrl(url, policy, signal, (response) => receiveMedia(response, target)),
  };
}

async function receiveMedia(response: UrlResponse, target: FetchTarget): Promise<FetchedMedia> {
  if (response.status !== 200) throw failedStatus(response.status, response.retryAfter);
  checkDeclared(response, Math.max(target.maxImageBytes, target.maxVideoBytes));
  const chunks = response.body[Symbol.asyncIterator]();
  const head = await readHead(chunks);
  switch (sniffMediaKind(head)) {
    case 'image': {
      checkDeclared(response, target.maxImageBytes);
      const image = prependHead(head, chunks, limitTo(target.maxImageBytes));
      const file = await receiveImage(image, (stream) => target.store(stream));
      return { kind: 'image', ...file };
    }
    case 'video': {
      checkDeclared(response, target.maxVideoBytes);
      const video = prependHead(head, chunks, limitTo(target.maxVideoBytes));
      return { kind: 'video', path: await target.store(video) };
    }
    case null:
      throw failedFetch(
        new FetchFailure(
          'The URL has no image or video of a supported format. Use the URL of the file, not that of its page.',
          false,
        ),
      );
  }
}

function checkDeclared({ declaredBytes }: UrlResponse, maxBytes: number): void {
  if (declaredBytes !== null && declaredBytes > maxBytes) throw tooLarge(maxBytes);
}

/** Counts bytes. @throws PAYLOAD_TOO_LARGE as soon as the total exceeds the limit */
function limitTo(maxBytes: number): (bytes: number) => void {
  let total = 0;
  return (bytes) => {
    total += bytes;
    if (total > maxBytes) throw tooLarge(maxBytes);
  };
}

function tooLarge(maxBytes: number): SalamandraError {
  return new SalamandraError(
    'PAYLOAD_TOO_LARGE',
    `The file at the media URL is larger than the limit of ${maxBytes} bytes. Reduce its size.`,
    { details: { max_bytes: maxBytes } },
  );
}

/** The error for a URL where URLs are switched off: a state of the service, so it has its own message. */
export function switchedOff(): SalamandraError {
  return new SalamandraError(
    'MEDIA_URL_REJECTED',
    'Media URLs are off. Send the file itself, or ask the operator to set SALAMANDRA_MEDIA_URLS=on.',
  );
}
