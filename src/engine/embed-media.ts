import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { ByKind } from '../language/build-prompt.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { encodeTiles } from '../vision/encode-tiles.js';
import { packImageFeatures } from '../vision/pack-image-features.js';
import { packVideoFeatures, poolFrames } from '../vision/pack-video-features.js';
import { toPixelValues } from '../vision/pixel-values.js';
import type { DecodedMedia } from './decode-media.js';
import type { VisionParts } from './pipeline-parts.js';

type Image = Extract<DecodedMedia, { readonly kind: 'image' }>;
type Video = Extract<DecodedMedia, { readonly kind: 'video' }>;

/** What of decoded media is looked at. */
export type ShownMedia = Pick<Image, 'kind' | 'tiles' | 'plan'> | Pick<Video, 'kind' | 'tiles'>;

/**
 * Tiles -> PixelValues -> VisionFeatures -> the embeddings of each picture and each clip, `[visualTokens, hidden]`.
 *
 * @param signal checked between runs of the vision graph
 */
export async function embedMedia(
  media: readonly ShownMedia[],
  vision: VisionParts | null,
  signal?: AbortSignal,
): Promise<ByKind<FloatTensor>> {
  const image: FloatTensor[] = [];
  const video: FloatTensor[] = [];
  if (!vision) return { image, video };
  for (const one of media) {
    if (one.kind === 'image') {
      const features = await encode(one.tiles, vision, signal); // [tiles, patches, hidden]
      image.push(packImageFeatures(features, one.plan, vision.geometry, vision.imageNewline));
    } else {
      video.push(await embedVideo(one.tiles, vision, signal));
    }
  }
  return { image, video };
}

/** Pools after every run: the features of 41 frames of the real model would take 490 MB, pooled 130 MB. */
async function embedVideo(
  frames: readonly Uint8Array[],
  vision: VisionParts,
  signal?: AbortSignal,
): Promise<FloatTensor> {
  const pooled: FloatTensor[] = [];
  for (let start = 0; start < frames.length; start += MAX_TILES_PER_RUN) {
    const few = frames.slice(start, start + MAX_TILES_PER_RUN);
    pooled.push(poolFrames(await encode(few, vision, signal), vision.geometry));
  }
  return packVideoFeatures(pooled, vision.imageNewline);
}

function encode(
  tiles: readonly Uint8Array[],
  { graph, geometry }: VisionParts,
  signal?: AbortSignal,
): Promise<FloatTensor> {
  const pixelValues = toPixelValues(tiles, geometry.imageProcessor); // [tiles, 3, H, W]
  return encodeTiles(graph, pixelValues, signal);
}
