import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { ByKind } from '../language/build-prompt.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { encodeTiles } from '../vision/encode-tiles.js';
import { packImageFeatures } from '../vision/pack-image-features.js';
import { packVideoFeatures, poolFrames } from '../vision/pack-video-features.js';
import { toPixelValues } from '../vision/pixel-values.js';
import type { DecodedMedia } from './decode-media.js';
import type { PipelineParts } from './pipeline-parts.js';

type VisionParts = Pick<PipelineParts, 'geometry' | 'vision' | 'imageNewline'>;

/**
 * Tiles -> PixelValues -> VisionFeatures -> the embeddings of each picture and each clip, `[visualTokens, hidden]`.
 *
 * @param signal checked between runs of the vision graph
 */
export async function embedMedia(
  media: readonly DecodedMedia[],
  parts: VisionParts,
  signal?: AbortSignal,
): Promise<ByKind<FloatTensor>> {
  const image: FloatTensor[] = [];
  const video: FloatTensor[] = [];
  for (const one of media) {
    if (one.kind === 'image') {
      const features = await encode(one.tiles, parts, signal); // [tiles, patches, hidden]
      image.push(packImageFeatures(features, one.plan, parts.geometry, parts.imageNewline));
    } else {
      video.push(await embedVideo(one.tiles, parts, signal));
    }
  }
  return { image, video };
}

/** Pools after every run: the features of 41 frames of the real model would take 490 MB, pooled 130 MB. */
async function embedVideo(
  frames: readonly Uint8Array[],
  parts: VisionParts,
  signal?: AbortSignal,
): Promise<FloatTensor> {
  const pooled: FloatTensor[] = [];
  for (let start = 0; start < frames.length; start += MAX_TILES_PER_RUN) {
    const few = frames.slice(start, start + MAX_TILES_PER_RUN);
    pooled.push(poolFrames(await encode(few, parts, signal), parts.geometry));
  }
  return packVideoFeatures(pooled, parts.imageNewline);
}

function encode(
  tiles: readonly Uint8Array[],
  { vision, geometry }: VisionParts,
  signal?: AbortSignal,
): Promise<FloatTensor> {
  const pixelValues = toPixelValues(tiles, geometry.imageProcessor); // [tiles, 3, H, W]
  return encodeTiles(vision, pixelValues, signal);
}
