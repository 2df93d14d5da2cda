import { stat } from 'node:fs/promises';

import { Inject, Injectable } from '@nestjs/common';

import {
  MAX_RECEIVE_MS,
  MAX_REQUEST_IMAGE_BYTES,
  MAX_IMAGE_BYTES,
  MAX_VIDEO_BYTES,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { RequestMedia } from '../../engine/vision-language-engine.js';
import type { FetchedMedia, MediaFetcher } from '../../media/remote/media-fetcher.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import { sniffMediaKind } from '../../media/sniff-media.js';
import { MEDIA_FETCHER } from '../engine-token.js';
import { type FileScope, MediaFiles } from './media-files.js';

/** Where a picture or a clip of a request is. */
export type MediaSource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A clip that was uploaded. The upload removes it, not the intake. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string };

/** Media ready for the engine. `release` removes their files and has to be called, whatever comes of the work. */
export interface ResolvedMedia {
  readonly media: readonly RequestMedia[];
  release(): Promise<void>;
}

/** The one place where uploads, base64 and URLs become media for the engine. */
@Injectable()
export class MediaResolver {
  constructor(
    private readonly files: MediaFiles,
    @Inject(MEDIA_FETCHER) private readonly fetcher: MediaFetcher,
  ) {}

  /**
   * Takes media in their order. Bytes decide what is a clip; what is neither clip nor picture passes as a picture,
   * whose decoder refuses it with the right reason.
   *
   * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, PAYLOAD_TOO_LARGE, STORAGE_FULL, DEADLINE_EXCEEDED,
   *   UNSUPPORTED_MEDIA_TYPE; the signal's reason. Nothing is left on disk then.
   */
  async resolve(
    sources: readonly MediaSource[],
    sampling: FrameSampling,
    signal: AbortSignal,
  ): Promise<ResolvedMedia> {
    const scope = this.files.openScope();
    const media: RequestMedia[] = [];
    // Several slow servers in one request must not add up.
    const deadline = AbortSignal.timeout(MAX_RECEIVE_MS);
    const either = AbortSignal.any([signal, deadline]);
    try {
      for (const source of sources) {
        either.throwIfAborted();
        media.push(toRequestMedia(await this.fetchOrStore(source, scope, media, either), sampling));
      }
    } catch (error) {
      await scope.release();
      throw deadline.aborted && !signal.aborted ? tooSlow() : error;
    }
    return { media, release: () => scope.release() };
  }

  private async fetchOrStore(
    source: MediaSource,
    scope: FileScope,
    before: readonly RequestMedia[],
    signal: AbortSignal,
  ): Promise<FetchedMedia> {
    switch (source.kind) {
      case 'file':
        return { kind: 'video', path: source.path };
      case 'bytes':
        return await storeBytes(source.bytes, scope);
      case 'url': {
        const target = {
          maxImageBytes: Math.min(MAX_IMAGE_BYTES, MAX_REQUEST_IMAGE_BYTES - countBytes(before)),
          maxVideoBytes: MAX_VIDEO_BYTES - (await countFileBytes(before)),
          createVideoFile: () => scope.newPath(),
        };
        return await this.fetcher.fetch(source.url, target, signal);
      }
    }
  }
}

async function storeBytes(bytes: Uint8Array, scope: FileScope): Promise<FetchedMedia> {
  if (sniffMediaKind(bytes) !== 'video') return { kind: 'image', bytes };
  return { kind: 'video', path: await scope.write([bytes]) };
}

function toRequestMedia(fetched: FetchedMedia, sampling: FrameSampling): RequestMedia {
  return fetched.kind === 'image' ? fetched : { ...fetched, sampling };
}

/** Of clips, which a request may hold so many bytes of together. */
async function countFileBytes(media: readonly RequestMedia[]): Promise<number> {
  const paths = media.flatMap((item) => (item.kind === 'video' ? [item.path] : []));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function tooSlow(): SalamandraError {
  return new SalamandraError('DEADLINE_EXCEEDED', 'The media took too long to arrive.');
}

function countBytes(media: readonly RequestMedia[]): number {
  return media.reduce((sum, item) => sum + (item.kind === 'image' ? item.bytes.length : 0), 0);
}
