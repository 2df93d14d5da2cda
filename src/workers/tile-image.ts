import { decodeImage } from '../media/decode-image.js';
import { planTiles } from '../vision/plan-tiles.js';
import { tileImage } from '../vision/tile-image.js';
import { tileSquare } from '../vision/tile-image.js';
import type { TiledImage, TilingRequest } from '../engine/media-decoder.js';

/** Encoded image -> pixels -> tile plan -> tiles. */
export async function decodeAndTileImage(request: TilingRequest): Promise<TiledImage> {
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
    mediaDecodeMs: decodedMs - startMs,
    tileMs: performance.now() - decodedMs,
  };
}
