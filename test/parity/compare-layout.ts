import { createHash } from 'node:crypto';

import { encodeTiledMedia } from '../../src/engine/encode-media.js';
import type { VisionModel } from '../../src/engine/loaded-model.js';
import { runImmediately } from '../../src/engine/scheduling/scheduler.js';
import { createTensor, type FloatTensor } from '../../src/tensor/tensor.js';
import { normalizeTiles } from '../../src/vision/normalize-tiles.js';
import { chooseTileLayout, planTiles } from '../../src/vision/plan-tiles.js';
import { tileImage, tileSquare } from '../../src/vision/tile-image.js';
import { drawTestImage } from '../golden/vision-golden.js';
import type { LayoutCase, LayoutReferences, LayoutRequest } from './layout-references.js';
import { measureSampled } from './measures.js';
import type { SampledArray } from './stored-arrays.js';

export interface LayoutReport {
  readonly tilesEqual: boolean;
  /** Whether every image has the same number of visual tokens. */
  readonly countsEqual: boolean;
  /** Whether the pixel values are bit-equal. Null for videos: their frames are resized by torchvision. */
  readonly pixelsEqual: boolean | null;
  /** Largest difference of the visual tokens, and the same as a fraction of their largest value. */
  readonly maxAbs: number;
  readonly relative: number;
}

/** Runs the images of a request through the production code, at full detail. */
export async function compareRequest(
  vision: VisionModel,
  request: LayoutRequest,
  { read }: LayoutReferences,
): Promise<LayoutReport> {
  const { geometry } = vision;
  const layout = chooseTileLayout(request.images.length, geometry);
  const tiled = request.images.map((size) => {
    const image = drawTestImage(...size);
    return layout === 'square'
      ? tileSquare(image, geometry)
      : tileImage(image, planTiles(image, geometry, 'high', Infinity), geometry);
  });
  const tiles = tiled.flatMap((one) => one.tiles);
  const pixels = normalizeTiles(tiles, geometry.imageProcessor);
  const features: FloatTensor[] = [];
  for (const one of tiled) {
    features.push(await encodeTiledMedia({ kind: 'image', ...one }, vision, runImmediately));
  }
  const counts = features.map(({ shape }) => shape[0]);
  const planned = tiled.map(({ plan }) => plan.visualTokens);
  return {
    tilesEqual: tiles.length === request.tiles,
    countsEqual: [counts, planned].every((one) => one.join() === request.visualTokens.join()),
    pixelsEqual:
      createHash('sha256').update(new Uint8Array(pixels.data.buffer)).digest('hex') ===
      request.pixelValuesSha256,
    ...measureFeatures(concatenate(features), request.features, read(request.features)),
  };
}

/** Runs the frames of a video through the production code. */
export async function compareVideo(
  vision: VisionModel,
  { frames, visualTokens, features }: NonNullable<LayoutCase['video']>,
  { read }: LayoutReferences,
): Promise<LayoutReport> {
  const { width: side } = vision.geometry.imageProcessor.tileSize;
  const tiles = Array.from({ length: frames }, (_, index) => {
    const { data } = drawTestImage(side, side + index, 'noise');
    return data.subarray(index * side * 3);
  });
  const packed = await encodeTiledMedia({ kind: 'video', tiles }, vision, runImmediately);
  return {
    tilesEqual: true,
    countsEqual: packed.shape[0] === visualTokens,
    pixelsEqual: null,
    ...measureFeatures(packed, features, read(features)),
  };
}

function measureFeatures(
  actual: FloatTensor,
  expected: SampledArray,
  samples: Float32Array,
): Pick<LayoutReport, 'maxAbs' | 'relative'> {
  const { maxAbs } = measureSampled(actual, expected, samples);
  return { maxAbs, relative: maxAbs / expected.maxAbs };
}

function concatenate(parts: readonly FloatTensor[]): FloatTensor {
  const hidden = parts[0]?.shape[1] ?? 0;
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const all = createTensor([rows, hidden]);
  let offset = 0;
  for (const { data } of parts) {
    all.data.set(data, offset);
    offset += data.length;
  }
  return all;
}
