import type { EngineCaches } from '../cache/engine-caches.js';
import {
  fitsBudget,
  imageKey,
  isFullDetail,
  isFullSampling,
  videoKey,
} from '../cache/feature-keys.js';
import type { ByKind } from '../language/build-prompt.js';
import { hashBytes, hashFile } from '../media/hash-file.js';
import type { MediaReport } from '../media/media-report.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { countFrameTokens, countVideoTokens } from '../vision/count-visual-tokens.js';
import { chooseTileLayout } from '../vision/plan-tiles.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { KeyedMedia } from './cache-keyed-prompt.js';
import type { PipelineModel } from './loaded-model.js';
import type {
  TiledImage,
  TiledVideo,
  TilingRequest,
  VideoSamplingRequest,
} from './media-decoder.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { EngineRequest, RequestMedia } from './vision-language-engine.js';
import { minVisualTokens, shareFrames } from './visual-token-budget.js';

/** An image or video as tiles. */
export type TiledMedia =
  ({ readonly kind: 'image' } & TiledImage) | ({ readonly kind: 'video' } & TiledVideo);

/** An image or video, ready for the vision encoder or already encoded by an earlier request. */
export interface PreparedMedia {
  /** Feature cache key: equal keys have equal features. */
  readonly key: string;
  readonly report: MediaReport;
  /** `null` if the feature cache has the features. */
  readonly tiled: TiledMedia | null;
  /** From the feature cache, `[visualTokens, hidden]`. */
  readonly cachedFeatures: FloatTensor | null;
}

export interface PrepareContext {
  readonly caches: Pick<EngineCaches, 'features'>;
  readonly handle: RequestHandle;
}

type PrepareModel = Pick<PipelineModel, 'mediaDecoder' | 'vision'>;

/**
 * Decodes and tiles the media of a request, except those whose features are cached. Every image gets one tile and every
 * video one frame; the rest of the budget goes to video frames first and then, in equal shares, to the detail of the
 * images. See `chooseTileLayout` for several images.
 *
 * @param visualTokenBudget at least `minVisualTokens` of the media.
 * @returns one entry per media item, in the order of the request; none for a text-only model.
 * @throws the media decoder's errors.
 */
export async function prepareMedia(
  { media, detail }: Pick<EngineRequest, 'media' | 'detail'>,
  visualTokenBudget: number,
  model: PrepareModel,
  context: PrepareContext,
): Promise<PreparedMedia[]> {
  const { vision } = model;
  if (!vision) return [];
  const { geometry } = vision;
  let spareTokens = visualTokenBudget - minVisualTokens(media, vision);
  const frameTokens = countFrameTokens(geometry);
  const prepared = new Map<RequestMedia, PreparedMedia>();

  const videos = media.filter((item) => item.kind === 'video');
  const requestedFrames = videos.map(({ sampling: { frames } }) =>
    'count' in frames ? frames.count : Infinity,
  );
  for (const [index, video] of videos.entries()) {
    // Shared again for every video: a short one leaves its frames to those after it.
    const [maxFrames = 1] = shareFrames(requestedFrames.slice(index), spareTokens, frameTokens);
    const { path, sampling } = video;
    const { videoProcessor: processor } = geometry;
    // `planRequest` rejects videos if the model takes none.
    if (!processor) throw new RangeError('The model takes no videos.');
    const request = { path, processor, sampling, maxFrames };
    const entry = await prepareVideo(request, geometry, model, context);
    spareTokens -= entry.report.visualTokens - countVideoTokens(1, geometry);
    prepared.set(video, entry);
  }

  const images = media.filter((item) => item.kind === 'image');
  const layout = chooseTileLayout(images.length, geometry);
  const leastTokens = minVisualTokens([{ kind: 'image' }], vision);
  for (const [index, image] of images.entries()) {
    // Shared again for every image: a small one leaves its tokens to those after it.
    const maxVisualTokens = leastTokens + Math.floor(spareTokens / (images.length - index));
    const file = 'bytes' in image ? { bytes: image.bytes } : { path: image.path };
    const request = { file, page: image.page, geometry, detail, maxVisualTokens, layout };
    const entry = await prepareImage(request, model, context);
    spareTokens -= entry.report.visualTokens - leastTokens;
    prepared.set(image, entry);
  }
  return media.flatMap((item) => prepared.get(item) ?? []);
}

async function prepareVideo(
  request: VideoSamplingRequest,
  geometry: VisionGeometry,
  { mediaDecoder }: PrepareModel,
  { caches, handle }: PrepareContext,
): Promise<PreparedMedia> {
  const { path, sampling, maxFrames } = request;
  const sha256 = await hashFile(path, handle.signal).catch(async (error: unknown) => {
    // The decoder reports why the file cannot be opened, with the code that clients know.
    await mediaDecoder.sampleVideo(request, handle);
    throw error;
  });
  const fullKey = videoKey(sha256, sampling);
  const cached = await caches.features.get(fullKey);
  if (cached && fitsBudget(cached, { maxFrames, maxVisualTokens: Infinity })) {
    return fromCache(fullKey, cached);
  }
  const video = await mediaDecoder.sampleVideo(request, handle);
  const { width, height, durationSeconds, framesRequested, timestampsSeconds } = video;
  const isFull = isFullSampling(framesRequested, maxFrames);
  return {
    key: isFull ? fullKey : `${fullKey} limited to ${maxFrames} frames`,
    report: {
      kind: 'video',
      ...{ width, height, durationSeconds, framesRequested, sha256 },
      visualTokens: countVideoTokens(video.tiles.length, geometry),
      frames: timestampsSeconds.map((timestampSeconds) => ({ timestampSeconds })),
    },
    tiled: { kind: 'video', ...video },
    cachedFeatures: null,
  };
}

async function prepareImage(
  request: TilingRequest,
  { mediaDecoder }: PrepareModel,
  { caches, handle }: PrepareContext,
): Promise<PreparedMedia> {
  const { file, page, layout, detail, geometry, maxVisualTokens } = request;
  const sha256 = 'bytes' in file ? hashBytes(file.bytes) : await hashFile(file.path, handle.signal);
  const fullKey = imageKey(sha256, layout, detail, page);
  const cached = await caches.features.get(fullKey);
  if (cached && fitsBudget(cached, { maxVisualTokens, maxFrames: Infinity })) {
    return fromCache(fullKey, cached);
  }
  const image = await mediaDecoder.tile(request, handle);
  const { imageSize, tiles, grid, visualTokens } = image.plan;
  const isFull = layout !== 'anyres' || isFullDetail(image.plan, geometry);
  return {
    key: isFull ? fullKey : `${fullKey} ${grid ? `${grid.rows}x${grid.columns}` : '1'}`,
    report: {
      kind: 'image',
      ...imageSize,
      ...{ tiles, grid, visualTokens, blank: image.isBlank, sha256 },
      ...{ page: image.page, pages: image.pages },
    },
    tiled: { kind: 'image', ...image },
    cachedFeatures: null,
  };
}

function fromCache(
  key: string,
  { report, features }: { readonly report: MediaReport; readonly features: FloatTensor },
): PreparedMedia {
  return { key, report, tiled: null, cachedFeatures: features };
}

/** Cache keys and sizes of the media, as prompts reference them. */
export function featureKeys(media: readonly PreparedMedia[]): ByKind<KeyedMedia> {
  const keysOf = (kind: MediaReport['kind']) =>
    media
      .filter(({ report }) => report.kind === kind)
      .map(({ key, report: { visualTokens } }) => ({ key, visualTokens }));
  return { image: keysOf('image'), video: keysOf('video') };
}

/** Sum of the visual tokens of all media. */
export function totalVisualTokens(media: readonly PreparedMedia[]): number {
  return media.reduce((total, { report }) => total + report.visualTokens, 0);
}

/** Time that decoding and tiling took for this request; cached media took none. */
export function preparationTimes(media: readonly PreparedMedia[]) {
  const sum = (stage: 'mediaDecodeMs' | 'tileMs') =>
    media.reduce((total, { tiled }) => total + (tiled?.[stage] ?? 0), 0);
  return { mediaDecodeMs: sum('mediaDecodeMs'), tileMs: sum('tileMs') };
}
