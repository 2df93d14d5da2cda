import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { ByKind } from '../language/build-prompt.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import { encodeTiles } from '../vision/encode-tiles.js';
import { packImageFeatures, packVideoFeatures, poolFrames } from '../vision/pack-visual-tokens.js';
import { normalizeTiles } from '../vision/normalize-tiles.js';
import type { DecodedMedia, PreparedMedia } from './prepare-media.js';
import type { VisionModel } from './loaded-model.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import { type RequestTimer, timeRun } from './request-timings.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { Scheduler, PrefillFraction } from './scheduling/scheduler.js';

type Image = Extract<DecodedMedia, { readonly kind: 'image' }>;
type Video = Extract<DecodedMedia, { readonly kind: 'video' }>;

/** What of decoded media is looked at. */
export type ShownMedia = Pick<Image, 'kind' | 'tiles' | 'plan'> | Pick<Video, 'kind' | 'tiles'>;

/** Does one run of the vision graph when its turn comes. */
type TakeTurn = <T>(work: (share: PrefillFraction) => Promise<T>) => Promise<T>;

const atOnce: TakeTurn = (work) => work(1);

/** Tiles -> PixelValues -> VisionFeatures -> the embeddings of each picture and each clip, `[visualTokens, hidden]`. */
export async function embedMedia(
  media: readonly ShownMedia[],
  vision: VisionModel | null,
): Promise<ByKind<FloatTensor>> {
  const image: FloatTensor[] = [];
  const video: FloatTensor[] = [];
  if (!vision) return { image, video };
  for (const one of media) {
    const embeddings = await embedOne(one, vision, atOnce);
    if (one.kind === 'image') image.push(embeddings);
    else video.push(embeddings);
  }
  return { image, video };
}

/**
 * The embeddings of the media of a request by key: those of earlier requests, and runs of the vision graph for the rest.
 *
 * @throws what the graph throws; the signal's reason between two runs.
 */
export async function encodeMedia(
  media: readonly PreparedMedia[],
  vision: VisionModel | null,
  { scheduler, store, turns, times }: EmbeddingContext,
): Promise<ReadonlyMap<string, FloatTensor>> {
  const byKey = new Map<string, FloatTensor>();
  if (!vision) return byKey;
  const takeTurn: TakeTurn = (work) =>
    scheduler.schedulePrefill(turns, (share) => timeRun('encodeMs', [times], () => work(share)));
  for (const { key, report, decoded, cachedFeatures: kept } of media) {
    if (kept) byKey.set(key, kept);
    if (byKey.has(key) || !decoded) continue;
    const embeddings = await embedOne(decoded, vision, takeTurn);
    byKey.set(key, embeddings);
    // Long jobs show each picture once, and would only drive out what others come back to.
    if (turns.ticket.priority !== 'batch')
      store.cacheFeatures(key, { features: embeddings, report });
  }
  return byKey;
}

interface EmbeddingContext {
  readonly scheduler: Scheduler;
  readonly store: EngineCaches;
  readonly turns: RequestHandle;
  readonly times: RequestTimer;
}

/** The embeddings of one picture or one clip, `[visualTokens, hidden]`. */
async function embedOne(
  media: ShownMedia,
  vision: VisionModel,
  takeTurn: TakeTurn,
): Promise<FloatTensor> {
  const { geometry, imageNewline } = vision;
  if (media.kind === 'image') {
    const parts: FloatTensor[] = [];
    for await (const features of encode(media.tiles, vision, takeTurn)) parts.push(features);
    return packImageFeatures(joinTiles(parts), media.plan, geometry, imageNewline);
  }
  // Pooled after every run: the features of 41 frames of the real model would take 490 MB, pooled 130 MB.
  const pooled: FloatTensor[] = [];
  for await (const features of encode(media.tiles, vision, takeTurn)) {
    pooled.push(poolFrames(features, geometry));
  }
  return packVideoFeatures(pooled, imageNewline);
}

/** The features of a few tiles after another, `[tiles, patches, hidden]`: as many as a turn allows. */
async function* encode(
  tiles: readonly Uint8Array[],
  { graph, geometry }: VisionModel,
  takeTurn: TakeTurn,
): AsyncGenerator<FloatTensor> {
  for (let start = 0; start < tiles.length;) {
    const features = await takeTurn((share) => {
      const few = tiles.slice(start, start + Math.max(1, Math.floor(MAX_TILES_PER_RUN * share)));
      start += few.length;
      return encodeTiles(graph, normalizeTiles(few, geometry.imageProcessor));
    });
    yield features;
  }
}

function joinTiles(parts: readonly FloatTensor[]): FloatTensor {
  const [first] = parts;
  if (!first || parts.length === 1) return first ?? createTensor([0, 0, 0]);
  const tiles = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const joined = createTensor([tiles, ...first.shape.slice(1)]);
  let offset = 0;
  for (const { data } of parts) {
    joined.data.set(data, offset);
    offset += data.length;
  }
  return joined;
}
