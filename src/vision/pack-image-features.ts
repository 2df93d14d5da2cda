import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import { interpolate, sampleAxis } from './bilinear.js';
import { layOutFeatures } from './feature-layout.js';
import type { TilePlan } from './plan-tiles.js';
import type { TileGrid, VisionGeometry } from './vision-geometry.js';

/**
 * Turns the features of all tiles into the embeddings of one picture: the base tile's patches, then the grid's
 * patches put back into one plane, without those that only saw padding, shrunk to the model's cap, each row ended
 * by the newline. The base tile alone is its patches and one newline.
 *
 * Equals `pack_image_features` of Hugging Face's LLaVA-OneVision to 1e-6.
 *
 * @param features [tiles, patches, hidden]
 * @param imageNewline [hidden]
 * @returns [visualTokens, hidden]
 */
export function packImageFeatures(
  features: FloatTensor,
  plan: TilePlan,
  geometry: VisionGeometry,
  imageNewline: Float32Array,
): FloatTensor {
  const hidden = imageNewline.length;
  const patches = geometry.patchesPerSide ** 2;
  checkShape(features, [plan.tiles, patches, hidden]);

  const packed = createTensor([plan.visualTokens, hidden]);
  packed.data.set(features.data.subarray(0, patches * hidden));
  if (plan.grid === null) {
    packed.data.set(imageNewline, patches * hidden);
    return packed;
  }

  const { unpadded, packed: rows } = layOutFeatures(plan.imageSize, plan.grid, geometry);
  const yAxis = sampleAxis(unpadded.rows, rows.rows, unpadded.top);
  const xAxis = sampleAxis(unpadded.columns, rows.columns, unpadded.left);
  const patchAt = (y: number, x: number): Float32Array =>
    gridPatch(features, plan.grid as TileGrid, geometry.patchesPerSide, y, x);

  let token = patches;
  for (const y of yAxis) {
    for (const x of xAxis) {
      interpolate(packed.data.subarray(token * hidden, (token + 1) * hidden), patchAt, y, x);
      token++;
    }
    packed.data.set(imageNewline, token * hidden);
    token++;
  }
  return packed;
}

/** The features of one patch of the plane that the grid's tiles make together, [hidden]. */
function gridPatch(
  features: FloatTensor,
  grid: TileGrid,
  patchesPerSide: number,
  y: number,
  x: number,
): Float32Array {
  const hidden = features.shape[2] as number;
  // The base tile is number 0.
  const tile = 1 + Math.floor(y / patchesPerSide) * grid.columns + Math.floor(x / patchesPerSide);
  const patch = (y % patchesPerSide) * patchesPerSide + (x % patchesPerSide);
  const start = (tile * patchesPerSide ** 2 + patch) * hidden;
  return features.data.subarray(start, start + hidden);
}

function checkShape(features: FloatTensor, expected: readonly number[]): void {
  const { shape } = features;
  if (shape.length === expected.length && expected.every((size, axis) => shape[axis] === size)) {
    return;
  }
  throw new RangeError(
    `Features of shape [${shape.join()}] where [${expected.join()}] was planned.`,
  );
}
