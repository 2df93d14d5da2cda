import { stat } from 'node:fs/promises';

import { Inject, Injectable } from '@nestjs/common';

import { MAX_RECEIVE_MS, MAX_REQUEST_IMAGES, MAX_VIDEO_BYTES } from '../../config/limits.js';
import { selectPages } from '../../engine/select-pages.js';
import type { RequestMedia } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { isAnimationFile } from '../../media/animation/read-animation.js';
import type { AnimationUse, FrameSampling } from '../../media/frame-sampling.js';
import type { PageRange } from '../../media/page-range.js';
import type { FetchedMedia, FetchTarget, MediaFetcher } from '../../media/remote/media-fetcher.js';
import type { MediaKind } from '../../media/signatures.js';
import { sniffMediaKind } from '../../media/sniff-media.js';
import { IMAGE_BYTES, MEDIA_FETCHER } from '../injection-tokens.js';
import { type FileScope, MediaFiles } from './media-files.js';

/** Where an image or video of a request comes from, and which of its pages are meant. */
export type MediaSource = MediaOrigin & {
  readonly pages?: PageRange | undefined;
  /** Undefined: an animation is a still image. */
  readonly animations?: AnimationUse;
};

type MediaOrigin =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** An uploaded file on disk. MediaUpload removes it, not the resolver. */
  | { readonly kind: 'file'; readonly holds: MediaKind; readonly path: string }
  | { readonly kind: 'url'; readonly url: string };

/** Media for the engine. The caller must call `release`, which removes their files. */
export interface ResolvedMedia {
  readonly media: readonly RequestMedia[];
  readonly release: () => Promise<void>;
}

/** Turns uploads, base64 and URLs into media for the engine. */
@Injectable()
export class MediaResolver {
  constructor(
    private readonly files: MediaFiles,
    @Inject(MEDIA_FETCHER) private readonly fetcher: MediaFetcher,
    @Inject(IMAGE_BYTES) private readonly imageBytes: number,
  ) {}

  /**
   * Resolves sources in their order; several pages of a source become as many images. The first bytes of a file tell
   * whether it is a video. Unknown formats count as images, since the image decoder rejects them with the right error.
   *
   * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, PAYLOAD_TOO_LARGE, STORAGE_FULL, STORAGE_UNAVAILABLE,
   *   UNSUPPORTED_MEDIA_TYPE, INVALID_PARAMETER for pages of a video, DEADLINE_EXCEEDED after MAX_RECEIVE_MS, the
   *   signal's reason. All files are removed then.
   */
  async resolve(
    sources: readonly MediaSource[],
    sampling: FrameSampling,
    signal: AbortSignal,
    client?: string,
  ): Promise<ResolvedMedia> {
    const scope = this.files.openScope(client);
    const received: RequestMedia[] = [];
    const media: RequestMedia[] = [];
    // One deadline for all downloads, so that several slow servers do not add up.
    const deadline = AbortSignal.timeout(MAX_RECEIVE_MS);
    const either = AbortSignal.any([signal, deadline]);
    try {
      for (const source of sources) {
        either.throwIfAborted();
        const fetched = await this.fetchOrStore(source, scope, received, either);
        const item = toRequestMedia(await asClip(fetched, source, scope), sampling);
        received.push(item);
        media.push(...selectPages(item, source.pages));
      }
    } catch (error) {
      await scope.release();
      throw deadline.aborted && !signal.aborted ? downloadTimeout() : error;
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
        return source.holds === 'image'
          ? { kind: 'image', path: source.path }
          : { kind: 'video', path: source.path };
      case 'bytes':
        return await storeBytes(source.bytes, scope);
      case 'url': {
        const target: FetchTarget = {
          maxImageBytes: Math.min(
            this.imageBytes,
            MAX_REQUEST_IMAGES * this.imageBytes - (await countBytes('image', before)),
          ),
          maxVideoBytes: MAX_VIDEO_BYTES - (await countBytes('video', before)),
          store: (chunks) => scope.write(chunks),
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

/** An animation as a video, if the source asks for a clip: it is read from disk. */
async function asClip(
  fetched: FetchedMedia,
  { animations }: MediaSource,
  scope: FileScope,
): Promise<FetchedMedia> {
  if (fetched.kind === 'video' || animations !== 'clip') return fetched;
  if (!(await isAnimationFile(fetched))) return fetched;
  const path = 'path' in fetched ? fetched.path : await scope.write([fetched.bytes]);
  return { kind: 'video', path };
}

function toRequestMedia(fetched: FetchedMedia, sampling: FrameSampling): RequestMedia {
  return fetched.kind === 'image' ? fetched : { ...fetched, sampling };
}

async function countBytes(kind: MediaKind, media: readonly RequestMedia[]): Promise<number> {
  const counted = media.filter((item) => item.kind === kind);
  const sizes = await Promise.all(
    counted.map(async (item) =>
      'bytes' in item ? item.bytes.length : (await stat(item.path)).size,
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function downloadTimeout(): SalamandraError {
  return new SalamandraError(
    'DEADLINE_EXCEEDED',
    `The media URLs were not downloaded within ${MAX_RECEIVE_MS / 1_000} s.`,
  );
}
