import { createHash } from 'node:crypto';

import { decodeImage } from '../media/decode-image.js';
import { planTiles } from '../vision/plan-tiles.js';
import { tileImage, tileSquare } from '../vision/tile-image.js';
import type { TiledMedia, TilingRequest } from '../engine/media-decoder.js';

/** EncodedMedia -> DecodedImage -> TilePlan -> TiledImage. Runs in a media worker, where it may be killed. */
export async function tileMedia(request: TilingRequest): Promise<TiledMedia> {
  const { bytes, geometry, detail, maxVisualTokens, layout } = request;
  const startMs = performance.now();
  const image = await decodeImage({ bytes });
  const decodedMs = performance.now();
  const tiled =
    layout === 'square'
      ? tileSquare(image, geometry)
      : tileImage(image, planTiles(image, geometry, detail, maxVisualTokens), geometry);
  return {
    ...tiled,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    mediaDecodeMs: decodedMs - startMs,
    tileMs: performance.now() - decodedMs,
  };
}
