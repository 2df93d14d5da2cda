import { createTensor, type FloatTensor } from '../tensor/tensor.js';
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
      const target = packed.data.subarray(token * hidden, (token + 1) * hidden);
      if (y.weight === 0 && x.weight === 0) {
        target.set(patchAt(y.first, x.first));
      } else {
        blend(
          target,
          [patchAt(y.first, x.first), patchAt(y.first, x.second)],
          [patchAt(y.second, x.first), patchAt(y.second, x.second)],
          y.weight,
          x.weight,
        );
      }
      token++;
    }
    packed.data.set(imageNewline, token * hidden);
    token++;
  }
  return packed;
}

/** Where one output position reads: between two patches, `weight` of the way to the second. */
interface AxisSample {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/**
 * Positions of torch's bilinear `interpolate` with `align_corners=False`: patch centres on patch centres, in
 * float32 as there. Without a change of size every weight is 0.
 */
function sampleAxis(inputSize: number, outputSize: number, offset: number): AxisSample[] {
  const scale = Math.fround(inputSize / outputSize);
  return Array.from({ length: outputSize }, (_, position) => {
    const centre = Math.fround(scale * (position + 0.5) - 0.5);
    const source = Math.max(centre, 0);
    const first = Math.min(Math.floor(source), inputSize - 1);
    return {
      first: offset + first,
      second: offset + Math.min(first + 1, inputSize - 1),
      weight: Math.min(Math.fround(source - first), 1),
    };
  });
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

type Pair = readonly [Float32Array, Float32Array];

function blend(
  target: Float32Array,
  [topLeft, topRight]: Pair,
  [bottomLeft, bottomRight]: Pair,
  down: number,
  right: number,
): void {
  for (let i = 0; i < target.length; i++) {
    const top = (topLeft[i] as number) * (1 - right) + (topRight[i] as number) * right;
    const bottom = (bottomLeft[i] as number) * (1 - right) + (bottomRight[i] as number) * right;
    target[i] = top * (1 - down) + bottom * down;
  }
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
