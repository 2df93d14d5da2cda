import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import { interpolate, sampleAxis } from './bilinear.js';
import { pooledSide } from './count-visual-tokens.js';
import type { VisionGeometry } from './vision-geometry.js';

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
  const axis = sampleAxis(patchesPerSide, side, 0);
  const pooled = createTensor([frames, side ** 2, hidden]);
  let target = 0;
  for (let frame = 0; frame < frames; frame++) {
    const patchAt = (y: number, x: number): Float32Array => {
      const start = (frame * patches + y * patchesPerSide + x) * hidden;
      return features.data.subarray(start, start + hidden);
    };
    for (const y of axis) {
      for (const x of axis) {
        interpolate(pooled.data.subarray(target, target + hidden), patchAt, y, x);
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
