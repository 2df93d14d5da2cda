import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import { layOutFeatures, pooledSide } from './count-visual-tokens.js';
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
  const yAxis = bilinearSamples(unpadded.rows, rows.rows, unpadded.top);
  const xAxis = bilinearSamples(unpadded.columns, rows.columns, unpadded.left);
  const patchAt = (y: number, x: number): Float32Array =>
    gridPatch(features, plan.grid as TileGrid, geometry.patchesPerSide, y, x);

  let token = patches;
  for (const y of yAxis) {
    for (const x of xAxis) {
      interpolateBilinear(
        packed.data.subarray(token * hidden, (token + 1) * hidden),
        patchAt,
        y,
        x,
      );
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

/**
 * Shrinks each frame's square of patches to half its side, rounded up, between patch centres.
 *
 * Equals `apply_pooling` of Hugging Face's LLaVA-OneVision to 1e-6.
 *
 * @param features [frames, patches, hidden]
 * @returns [frames, pooled patches, hidden]
 */
export function poolFrames(
  features: FloatTensor,
  { patchesPerSide }: Pick<VisionGeometry, 'patchesPerSide'>,
): FloatTensor {
  const [frames = 0, patches = 0, hidden = 0] = features.shape;
  if (patches !== patchesPerSide ** 2) {
    throw new RangeError(`Frames of ${patches} patches where ${patchesPerSide ** 2} are expected.`);
  }
  const side = pooledSide(patchesPerSide);
  const axis = bilinearSamples(patchesPerSide, side, 0);
  const pooled = createTensor([frames, side ** 2, hidden]);
  let target = 0;
  for (let frame = 0; frame < frames; frame++) {
    const patchAt = (y: number, x: number): Float32Array => {
      const start = (frame * patches + y * patchesPerSide + x) * hidden;
      return features.data.subarray(start, start + hidden);
    };
    for (const y of axis) {
      for (const x of axis) {
        interpolateBilinear(pooled.data.subarray(target, target + hidden), patchAt, y, x);
        target += hidden;
      }
    }
  }
  return pooled;
}

/**
 * Puts pooled frames one after another, with one newline at the very end: the embeddings of a clip.
 *
 * @param pooled a few frames each, in order: [frames, pooled patches, hidden]
 * @param imageNewline [hidden]
 * @returns [visualTokens, hidden]
 */
export function packVideoFeatures(
  pooled: readonly FloatTensor[],
  imageNewline: Float32Array,
): FloatTensor {
  const hidden = imageNewline.length;
  if (pooled.some(({ shape }) => shape[2] !== hidden)) {
    throw new RangeError(`Frames of another width than the newline's ${hidden}.`);
  }
  const values = pooled.reduce((total, { data }) => total + data.length, 0);
  const packed = createTensor([values / hidden + 1, hidden]);
  let target = 0;
  for (const { data } of pooled) {
    packed.data.set(data, target);
    target += data.length;
  }
  packed.data.set(imageNewline, target);
  return packed;
}

/** Where one output position reads: between two input positions, `weight` of the way to the second. */
interface AxisSample {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/**
 * Positions of torch's bilinear `interpolate` with `align_corners=False`: patch centres on patch centres, in
 * float32 as there. Without a change of size every weight is 0.
 *
 * @param offset added to every position that is read
 */
export function bilinearSamples(
  inputSize: number,
  outputSize: number,
  offset: number,
): AxisSample[] {
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

/**
 * Writes the value between four patches.
 *
 * @param target [hidden]
 * @param patchAt the features of one patch, [hidden]
 */
export function interpolateBilinear(
  target: Float32Array,
  patchAt: (y: number, x: number) => Float32Array,
  y: AxisSample,
  x: AxisSample,
): void {
  if (y.weight === 0 && x.weight === 0) {
    target.set(patchAt(y.first, x.first));
    return;
  }
  const [topLeft, topRight] = [patchAt(y.first, x.first), patchAt(y.first, x.second)];
  const [bottomLeft, bottomRight] = [patchAt(y.second, x.first), patchAt(y.second, x.second)];
  const [down, right] = [y.weight, x.weight];
  for (let i = 0; i < target.length; i++) {
    const top = (topLeft[i] as number) * (1 - right) + (topRight[i] as number) * right;
    const bottom = (bottomLeft[i] as number) * (1 - right) + (bottomRight[i] as number) * right;
    target[i] = top * (1 - down) + bottom * down;
  }
}
