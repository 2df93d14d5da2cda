import type { EngineCaches } from '../cache/engine-caches.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { ImageProcessorConfig } from '../models/package/manifest.js';
import type { GraphSession } from '../runtime/graph-session.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import { encodeTiles } from '../vision/encode-tiles.js';
import { packImageFeatures, packVideoFeatures, poolFrames } from '../vision/pack-visual-tokens.js';
import { normalizeTiles } from '../vision/normalize-tiles.js';
import type { VisionModel } from './loaded-model.js';
import type { PreparedMedia, TiledMedia } from './prepare-media.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { ScheduleRun } from './scheduling/scheduler.js';

/** The fields of tiled media that encoding uses. */
type EncodableMedia =
  | Pick<Extract<TiledMedia, { readonly kind: 'image' }>, 'kind' | 'tiles' | 'plan'>
  | Pick<Extract<TiledMedia, { readonly kind: 'video' }>, 'kind' | 'tiles'>;

export interface EncodeContext {
  readonly caches: Pick<EngineCaches, 'features'>;
  readonly handle: RequestHandle;
  readonly schedule: ScheduleRun;
}

/**
 * Encodes the media of a request that are not in the feature cache.
 *
 * @returns features by key, `[visualTokens, hidden]` each.
 * @throws the graph's errors; the signal's reason between two runs.
 */
export async function encodeMedia(
  media: readonly PreparedMedia[],
  vision: VisionModel | null,
  { caches, handle, schedule }: EncodeContext,
): Promise<ReadonlyMap<string, FloatTensor>> {
  const byKey = new Map<string, FloatTensor>();
  if (!vision) return byKey;
  for (const { key, report, tiled, cachedFeatures } of media) {
    if (cachedFeatures) byKey.set(key, cachedFeatures);
    if (byKey.has(key) || !tiled) continue;
    const features = await encodeTiledMedia(tiled, vision, schedule);
    byKey.set(key, features);
    // A batch job references each image once. Caching its features would evict those of interactive clients.
    if (handle.ticket.priority !== 'batch') caches.features.set(key, { features, report });
  }
  return byKey;
}

/**
 * Tiles -> pixel values -> vision encoder and projector -> packed features, `[visualTokens, hidden]`, as
 * `pack_image_features` and `apply_pooling` in Hugging Face transformers.
 */
export async function encodeTiledMedia(
  media: EncodableMedia,
  vision: VisionModel,
  schedule: ScheduleRun,
): Promise<FloatTensor> {
  const { geometry, graph, imageNewline } = vision;
  const { imageProcessor, videoProcessor } = geometry;
  const runs: FloatTensor[] = [];
  if (media.kind === 'image') {
    for await (const features of encodeInRuns(media.tiles, imageProcessor, graph, schedule)) {
      runs.push(features);
    }
    return packImageFeatures(concatenateTiles(runs), media.plan, geometry, imageNewline);
  }
  if (!videoProcessor || !imageNewline) throw new RangeError('The model takes no videos.');
  for await (const features of encodeInRuns(media.tiles, videoProcessor, graph, schedule)) {
    // Pooled after every run: 41 frames of the 7B model take 490 MB before pooling, 130 MB after.
    runs.push(poolFrames(features, geometry));
  }
  return packVideoFeatures(runs, imageNewline);
}

/** Features of the tiles, `[tiles, patches, hidden]` per run. The schedule decides the tiles of each run. */
async function* encodeInRuns(
  tiles: readonly Uint8Array[],
  processor: ImageProcessorConfig,
  graph: GraphSession,
  schedule: ScheduleRun,
): AsyncGenerator<FloatTensor> {
  for (let start = 0; start < tiles.length;) {
    const features = await schedule((fraction) => {
      const count = Math.max(1, Math.floor(MAX_TILES_PER_RUN * fraction));
      const batch = tiles.slice(start, start + count);
      start += batch.length;
      return encodeTiles(graph, normalizeTiles(batch, processor));
    });
    yield features;
  }
}

function concatenateTiles(runs: readonly FloatTensor[]): FloatTensor {
  const [first] = runs;
  if (!first || runs.length === 1) return first ?? createTensor([0, 0, 0]);
  const tiles = runs.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const all = createTensor([tiles, ...first.shape.slice(1)]);
  let offset = 0;
  for (const { data } of runs) {
    all.data.set(data, offset);
    offset += data.length;
  }
  return all;
}
