import { writeFile } from 'node:fs/promises';

import type { MediaUrls } from '../../config/configuration.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { countChunks, readHead, sniffMediaKind } from '../sniff-media.js';
import { failedFetch } from './fetch-errors.js';
import { createPublicPolicy, type FetchPolicy } from './ssrf-guard.js';
import { type GuardedResponse, requestGuarded } from './fetch-url.js';

/** Fetches media from URLs in requests. */
export interface MediaFetcher {
  /**
   * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, PAYLOAD_TOO_LARGE, STORAGE_FULL, and the signal's reason. A clip's file
   * may then exist in part.
   */
  fetch(url: string, target: FetchTarget, signal: AbortSignal): Promise<FetchedMedia>;
}

export interface FetchTarget {
  readonly maxImageBytes: number;
  readonly maxVideoBytes: number;
  /** The path of a clip's file, where nothing is yet. The caller removes it, also after an error. */
  readonly createVideoFile: () => Promise<string>;
}

/** A picture's encoded bytes, or the file a clip was written to. Told apart by content; nothing declared counts. */
export type FetchedMedia =
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  | { readonly kind: 'video'; readonly path: string };

/** The fetcher that the configuration asks for: one that refuses everything, or one for public hosts. */
export function createMediaFetcher(mediaUrls: MediaUrls): MediaFetcher {
  return mediaUrls === 'off'
    ? { fetch: () => Promise.reject(switchedOff()) }
    : createGuardedFetcher(createPublicPolicy(mediaUrls.allowedDomains));
}

/** The fetcher under a policy of the caller's own. */
export function createGuardedFetcher(policy: FetchPolicy): MediaFetcher {
  return {
    fetch: (url, target, signal) =>
      requestGuarded(url, policy, signal, (response) => takeMedia(response, target)),
  };
}

async function takeMedia(response: GuardedResponse, target: FetchTarget): Promise<FetchedMedia> {
  if (response.status !== 200) throw failedFetch();
  checkDeclared(response, Math.max(target.maxImageBytes, target.maxVideoBytes));
  const chunks = response.body[Symbol.asyncIterator]();
  const head = await readHead(chunks);
  switch (sniffMediaKind(head)) {
    case 'image': {
      checkDeclared(response, target.maxImageBytes);
      const bytes = await collect(countChunks(head, chunks, limitTo(target.maxImageBytes)));
      return { kind: 'image', bytes };
    }
    case 'video': {
      checkDeclared(response, target.maxVideoBytes);
      const path = await target.createVideoFile();
      await writeClip(path, countChunks(head, chunks, limitTo(target.maxVideoBytes)));
      return { kind: 'video', path };
    }
    case null:
      throw failedFetch();
  }
}

function checkDeclared({ declaredBytes }: GuardedResponse, maxBytes: number): void {
  if (declaredBytes !== null && declaredBytes > maxBytes) throw tooLarge(maxBytes);
}

/** Counts chunks up to the limit. @throws PAYLOAD_TOO_LARGE at the first one beyond it. */
function limitTo(maxBytes: number): (bytes: number) => void {
  let total = 0;
  return (bytes) => {
    total += bytes;
    if (total > maxBytes) throw tooLarge(maxBytes);
  };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Only its owner may read the file. @throws STORAGE_FULL, what the chunks throw. */
async function writeClip(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await writeFile(path, chunks, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new SalamandraError('STORAGE_FULL', 'The service has no room for the clip.', {
      cause: error,
    });
  }
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function tooLarge(maxBytes: number): SalamandraError {
  return new SalamandraError('PAYLOAD_TOO_LARGE', 'The media behind the URL is too large.', {
    details: { max_bytes: maxBytes },
  });
}

/** Not a refusal of one address but a state of the service, so it may say what to do. */
function switchedOff(): SalamandraError {
  return new SalamandraError(
    'MEDIA_URL_REJECTED',
    'This service fetches no media by URL. Its operator can allow it with SALAMANDRA_MEDIA_URLS=on.',
  );
}
