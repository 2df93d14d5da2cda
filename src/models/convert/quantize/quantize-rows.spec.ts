import { createNoise } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { quantizeRow } from './quantize-rows.js';

function quantize(...values: number[]): { levels: number[]; scale: number } {
  const levels = new Int8Array(values.length);
  const scale = quantizeRow(Float32Array.from(values), 0, values.length, levels, 0);
  return { levels: [...levels], scale };
}

describe('quantizeRow', () => {
  it('has an error of at most half a step', () => {
    const noise = createNoise(3);
    const values = Array.from({ length: 1000 }, () => Math.fround(noise() * 50));
    const { levels, scale } = quantize(...values);

    for (const [i, value] of values.entries()) {
      expect(Math.abs(levels[i]! * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
    }
    expect(Math.max(...levels.map(Math.abs))).toBe(127);
  });

  it('rounds half up, like Math.round', () => {
    expect(quantize(127, 0.5, -0.5, 1.5, -1.5).levels).toEqual([127, 1, 0, 2, -1]);
  });

  it('is symmetric', () => {
    expect(quantize(-2, 2, 1).levels).toEqual([-127, 127, 64]);
  });

  it('quantizes a row inside a larger array', () => {
    const levels = new Int8Array(6);
    const scale = quantizeRow(Float32Array.of(9, 1, -1, 9), 1, 2, levels, 3);

    expect([...levels]).toEqual([0, 0, 0, 127, -127, 0]);
    expect(scale).toBe(Math.fround(1 / 127));
  });

  it.each([[[0, 0]], [[1e-40, -1e-40]]])('encodes %j as zeros', (values) => {
    expect(quantize(...values)).toEqual({ levels: [0, 0], scale: 1 });
  });

  it.each([NaN, -NaN, Infinity, -Infinity])('rejects %d', (value) => {
    expect(() => quantize(1, value, 2)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});
