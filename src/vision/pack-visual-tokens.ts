import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import { layOutFeatures, pooledSide } from './count-visual-tokens.js';
import type { TilePlan } from './plan-tiles.js';
import type { TileGrid, VisionGeometry } from './vision-geometry.js';

/**
 * Packs the features of all tiles of an image into its visual tokens: first the patches of the base tile, then the
 * patches of the grid in row-major order, without padding, shrunk to the model's token cap. Each row ends with the
 * image newline. Without a grid: the patches of the base tile and one image newline. With the layout `single-tile`: the
 * features as they are.
 *
 * Equals `pack_image_features` of Hugging Face transformers (modeling_llava_onevision.py, modeling_llava_next.py) to
 * 1e-6.
 *
 * @param features output of the vision encoder and projector, [tiles, features, hidden]
 * @param imageNewline [hidden]; `null` with the layout `single-tile`
 * @returns [visualTokens, hidden]
 */
export function packImageFeatures(
  features: FloatTensor,
  plan: TilePlan,
  geometry: VisionGeometry,
  imageNewline: Float32Array | null,
): FloatTensor {
  const patches = geometry.featuresPerTile;
  const hidden = imageNewline?.length ?? features.shape.at(-1) ?? 0;
  checkShape(features, [plan.tiles, patches, hidden]);
  if (!imageNewline) return { shape: [patches, hidden], data: features.data };

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

/** The features of the patch at row `y` and column `x` of the whole grid, [hidden]. */
function gridPatch(
  features: FloatTensor,
  grid: TileGrid,
  patchesPerSide: number,
  y: number,
  x: number,
): Float32Array {
  const hidden = features.shape[2] as number;
  // Tile 0 is the base tile.
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
    `Image features have shape [${shape.join()}], expected [${expected.join()}].`,
  );
}

/**
 * Pools the patches of each frame to half the side, rounded up, by bilinear interpolation.
 *
 * Equals `apply_pooling` of Hugging Face transformers (modeling_llava_onevision.py) to 1e-6.
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
    throw new RangeError(`A frame has ${patches} patches, expected ${patchesPerSide ** 2}.`);
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
 * Concatenates pooled frames to the visual tokens of a video. One image newline follows the last frame.
 *
 * @param pooled batches of frames in order, each [frames, pooled patches, hidden]
 * @param imageNewline [hidden]
 * @returns [visualTokens, hidden]
 */
export function packVideoFeatures(
  pooled: readonly FloatTensor[],
  imageNewline: Float32Array,
): FloatTensor {
  const hidden = imageNewline.length;
  if (pooled.some(({ shape }) => shape[2] !== hidden)) {
    throw new RangeError(`Frame features and the image newline differ in hidden size (${hidden}).`);
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

/**
 * Source of one output position: linear interpolation between two input positions. `weight` is the share of the second.
 */
interface AxisSample {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/**
 * Source positions along one axis, as in PyTorch's `interpolate(mode="bilinear", align_corners=False)`, computed in
 * float32 as there. If the size does not change, every weight is 0.
 *
 * @param offset added to every input position
 */
function bilinearSamples(inputSize: number, outputSize: number, offset: number): AxisSample[] {
  const scale = Math.fround(inputSize / outputSize);
  return Array.from({ length: outputSize }, (_, position) => {
    const center = Math.fround(scale * (position + 0.5) - 0.5);
    const source = Math.max(center, 0);
    const first = Math.min(Math.floor(source), inputSize - 1);
    return {
      first: offset + first,
      second: offset + Math.min(first + 1, inputSize - 1),
      weight: Math.min(Math.fround(source - first), 1),
    };
  });
}

/**
 * Interpolates between four patches.
 *
 * @param target receives the result, [hidden]
 * @param patchAt returns the features of a patch, [hidden]
 */
function interpolateBilinear(
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
