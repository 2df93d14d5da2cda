import type { ByKind } from '../language/build-prompt.js';
import type { FloatTensor } from '../tensor/tensor.js';
import {
  countFrameTokens,
  countVideoTokens,
  countVisualTokens,
} from '../vision/count-visual-tokens.js';
import { boundVisualTokens, type Detail } from '../vision/plan-tiles.js';
import { hashFile } from '../media/hash-file.js';
import {
  areFramesUncut,
  videoKey,
  fitsInto,
  isPlanUncut,
  imageKey,
} from '../cache/feature-keys.js';
import type {
  TiledMedia,
  TiledVideo,
  TilingRequest,
  VideoSamplingRequest,
} from './media-decoder.js';
import type { PipelineModel, VisionModel } from './loaded-model.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import type { KeyedMedia } from './prompt-embeddings.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { RequestMedia } from './vision-language-engine.js';
import type { MediaReport } from '../media/media-report.js';
import { shareFrames } from './visual-token-budget.js';

/** A picture or a clip as tiles. */
export type DecodedMedia =
  | ({ readonly kind: 'image' } & TiledMedia)
  | ({ readonly kind: 'video'; readonly visualTokens: number } & TiledVideo);

/** A picture or a clip and what is known of it: its tiles, or what was made of them for an earlier request. */
export interface PreparedMedia {
  /** Of the file and all that decides what becomes of it: equal keys have equal embeddings. */
  readonly key: string;
  readonly report: MediaReport;
  /** Null: it was not decoded, since its embeddings are there. */
  readonly decoded: DecodedMedia | null;
  readonly cachedFeatures: FloatTensor | null; // [visualTokens, hidden]
}

/** The fewest embeddings that media can become: one tile a picture, one frame a clip. None for a model without sight. */
export function minVisualTokens(
  media: readonly { readonly kind: RequestMedia['kind'] }[],
  vision: Pick<VisionModel, 'geometry'> | null,
): number {
  if (!vision) return 0;
  const { geometry } = vision;
  return media.reduce((total, { kind }) => {
    const least =
      kind === 'video'
        ? countVideoTokens(1, geometry)
        : countVisualTokens({ width: 1, height: 1 }, null, geometry);
    return total + least;
  }, 0);
}

/** At least as many embeddings as the media can become: what is not known before they are decoded is taken as large. */
export function maxVisualTokensOf(
  media: readonly RequestMedia[],
  detail: Detail,
  maxVisualTokens: number,
  vision: Pick<VisionModel, 'geometry'> | null,
): number {
  if (!vision) return 0;
  const { geometry } = vision;
  const pictures = media.filter(({ kind }) => kind === 'image').length;
  const bounds = media.map((one) => {
    if (one.kind === 'image') return boundVisualTokens(pictures === 1 ? detail : 'low', geometry);
    const { frames } = one.sampling;
    return 'count' in frames ? countVideoTokens(frames.count, geometry) : Infinity;
  });
  return Math.min(
    bounds.reduce((total, bound) => total + bound, 0),
    maxVisualTokens,
  );
}

/** What decoding takes: the store knows media that were there before. */
export type MediaParts = Pick<PipelineModel, 'mediaDecoder' | 'vision'> & {
  readonly store: Pick<EngineCaches, 'cachedFeatures'>;
};

/**
 * Decodes all media of a request that are not known, within a budget of embeddings. What the least of each leaves goes to
 * the frames of clips first and then to the detail of the picture. As in Hugging Face's processor, one picture is cut into
 * tiles, and several are one padded tile each.
 *
 * @param maxVisualTokens at least `countLeastTokens` of the media
 * @returns one for each, in the order of the request; none for a model without sight, which is shown none
 * @throws what the media decoder throws
 */
export async function prepareMedia(
  media: readonly RequestMedia[],
  detail: Detail,
  maxVisualTokens: number,
  parts: MediaParts,
  turns: RequestHandle,
): Promise<PreparedMedia[]> {
  const { vision } = parts;
  if (!vision) return [];
  const { geometry } = vision;
  let spareTokens = maxVisualTokens - minVisualTokens(media, vision);
  const frameTokens = countFrameTokens(geometry);
  const seen = new Map<RequestMedia, PreparedMedia>();

  const clips = media.filter((one) => one.kind === 'video');
  const wishes = clips.map(({ sampling: { frames } }) =>
    'count' in frames ? frames.count : Infinity,
  );
  for (const [index, clip] of clips.entries()) {
    // Shared anew for every clip: one that turned out short leaves its frames to the others.
    const [maxFrames = 1] = shareFrames(wishes.slice(index), spareTokens, frameTokens);
    const { path, sampling } = clip;
    const video = await prepareVideo({ path, geometry, sampling, maxFrames }, parts, turns);
    spareTokens -= video.report.visualTokens - countVideoTokens(1, geometry);
    seen.set(clip, video);
  }

  const pictures = media.filter((one) => one.kind === 'image');
  const layout = pictures.length === 1 ? 'anyres' : 'square';
  const maxImageTokens = spareTokens + minVisualTokens([{ kind: 'image' }], vision);
  for (const picture of pictures) {
    const { bytes } = picture;
    const request = { bytes, geometry, detail, maxVisualTokens: maxImageTokens, layout } as const;
    seen.set(picture, await prepareImage(request, parts, turns));
  }
  return media.flatMap((one) => seen.get(one) ?? []);
}

async function prepareVideo(
  request: VideoSamplingRequest,
  { mediaDecoder, store }: MediaParts,
  turns: RequestHandle,
): Promise<PreparedMedia> {
  const { path, sampling, maxFrames, geometry } = request;
  // Whatever is wrong with the file, the media decoder has the right error for it.
  const sha256 = await hashFile(path, turns.signal).catch(() => undefined);
  const knownKey = sha256 === undefined ? undefined : videoKey(sha256, sampling);
  const kept = knownKey === undefined ? undefined : await store.cachedFeatures(knownKey);
  if (kept && knownKey !== undefined && fitsInto(kept, { maxFrames, maxVisualTokens: Infinity })) {
    return { key: knownKey, report: kept.report, decoded: null, cachedFeatures: kept.features };
  }
  const video = await mediaDecoder.sampleVideo(request, turns);
  const visualTokens = countVideoTokens(video.tiles.length, geometry);
  const isUncut = areFramesUncut(video.framesRequested, maxFrames);
  const wishedKey = videoKey(video.sha256, sampling);
  const key = isUncut ? wishedKey : `${wishedKey} of ${maxFrames} frames`;
  const decoded = { kind: 'video', ...video, visualTokens } as const;
  return { key, report: reportMedia(decoded), decoded, cachedFeatures: null };
}

async function prepareImage(
  request: TilingRequest,
  { mediaDecoder, store }: MediaParts,
  turns: RequestHandle,
): Promise<PreparedMedia> {
  const { bytes, layout, detail, geometry, maxVisualTokens } = request;
  const wishedKey = imageKey(bytes, layout, detail);
  const kept = await store.cachedFeatures(wishedKey);
  if (kept && fitsInto(kept, { maxVisualTokens, maxFrames: Infinity })) {
    return { key: wishedKey, report: kept.report, decoded: null, cachedFeatures: kept.features };
  }
  const image = await mediaDecoder.tile(request, turns);
  const { grid } = image.plan;
  const isUncut = layout === 'square' || isPlanUncut(image.plan, geometry);
  const key = isUncut ? wishedKey : `${wishedKey} ${grid ? `${grid.rows}x${grid.columns}` : '1'}`;
  const decoded = { kind: 'image', ...image } as const;
  return { key, report: reportMedia(decoded), decoded, cachedFeatures: null };
}

/** The media as prompts place them. */
export function featureKeys(media: readonly PreparedMedia[]): ByKind<KeyedMedia> {
  const name = (kind: MediaReport['kind']) =>
    media
      .filter(({ report }) => report.kind === kind)
      .map(({ key, report: { visualTokens } }) => ({ key, visualTokens }));
  return { image: name('image'), video: name('video') };
}

/** What is told of one of the media. */
function reportMedia(media: DecodedMedia): MediaReport {
  const { sha256 } = media;
  if (media.kind === 'image') {
    const { imageSize, tiles, grid, visualTokens } = media.plan;
    return { kind: 'image', ...imageSize, tiles, grid, visualTokens, sha256 };
  }
  const {
    width,
    height,
    durationSeconds,
    framesRequested: framesRequested,
    timestampsSeconds,
    visualTokens,
  } = media;
  return {
    kind: 'video',
    ...{ width, height, durationSeconds, framesRequested: framesRequested, visualTokens, sha256 },
    frames: timestampsSeconds.map((timestampSeconds) => ({ timestampSeconds })),
  };
}
