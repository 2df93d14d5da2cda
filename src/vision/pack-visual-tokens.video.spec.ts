import {
  createGeometry,
  createGoldenFeatures,
  readGolden,
} from '../../test/golden/vision-golden.js';
import { createTensor } from '../tensor/tensor.js';
import { countFrameTokens, countVideoTokens } from './count-visual-tokens.js';
import { packVideoFeatures, poolFrames } from './pack-visual-tokens.js';

const golden = readGolden('pooled-frames');
const { geometries } = readGolden('packed-features');
const newline = Float32Array.of(2, -3);

describe('poolFrames', () => {
  it.each(golden.cases)(
    'pools as Hugging Face: $frames frames of $patchesPerSide patches a side',
    ({ frames, patchesPerSide, patches, sum, samples }) => {
      const features = createGoldenFeatures([frames, patchesPerSide ** 2, 2]);

      const pooled = poolFrames(features, { patchesPerSide });

      expect(pooled.shape).toEqual([frames, patches, 2]);
      for (const [patch, first, second] of samples) {
        expect(Math.abs(pooled.data[patch * 2]! - first)).toBeLessThanOrEqual(1e-6);
        expect(Math.abs(pooled.data[patch * 2 + 1]! - second)).toBeLessThanOrEqual(1e-6);
      }
      const total = pooled.data.reduce((subtotal, value) => subtotal + value, 0);
      expect(Math.abs(total - sum)).toBeLessThan(1e-6 * pooled.data.length);
    },
  );

  it('rejects frames of another size', () => {
    expect(() => poolFrames(createTensor([1, 48, 2]), { patchesPerSide: 7 })).toThrow(
      'A frame has 48 patches, expected 49.',
    );
  });
});

describe('packVideoFeatures', () => {
  it('concatenates frames and appends one newline', () => {
    const frame = (value: number) => new Float32Array(8).fill(value);
    const two = createTensor([2, 4, 2], Float32Array.of(...frame(1), ...frame(5)));
    const one = createTensor([1, 4, 2], frame(7));

    const packed = packVideoFeatures([two, one], newline);

    expect(packed.shape).toEqual([13, 2]);
    expect([...packed.data]).toEqual([...frame(1), ...frame(5), ...frame(7), 2, -3]);
  });

  it('rejects frames of another width', () => {
    expect(() => packVideoFeatures([createTensor([1, 4, 3])], newline)).toThrow(RangeError);
  });
});

describe('countVideoTokens', () => {
  it.each([
    ['demo', 16, 5, 81],
    ['onevision', 196, 32, 6273],
    ['onevision', 196, 41, 8037],
  ])(
    'counts for %s: %i tokens per frame, %i frames: %i tokens',
    (name, perFrame, frames, tokens) => {
      const geometry = createGeometry(geometries[name]!);

      expect(countFrameTokens(geometry)).toBe(perFrame);
      expect(countVideoTokens(frames, geometry)).toBe(tokens);
    },
  );
});
