import { float16ToNumber } from '../../../src/models/convert/checkpoint/float-formats.js';
import { numberToFloat16 } from './float16-bits.js';

describe('numberToFloat16', () => {
  it('returns every finite 16-bit float unchanged', () => {
    const words = Array.from({ length: 0x1_0000 }, (_, word) => word);
    const finite = words.filter((word) => Number.isFinite(float16ToNumber(word)));
    expect(finite.filter((word) => numberToFloat16(float16ToNumber(word)) !== word)).toEqual([]);
  });

  it('rounds to the nearest, ties to even', () => {
    const step = 2 ** -10;
    const round = (value: number) => float16ToNumber(numberToFloat16(value));
    expect(round(1 + 0.4 * step)).toBe(1);
    expect(round(1 + 0.5 * step)).toBe(1);
    expect(round(1 + 1.5 * step)).toBe(1 + 2 * step);
    expect(round(2 - 0.1 * step)).toBe(2);
  });

  it('throws a RangeError for numbers that are too large', () => {
    expect(() => numberToFloat16(70_000)).toThrow(RangeError);
    expect(() => numberToFloat16(NaN)).toThrow(RangeError);
  });
});
