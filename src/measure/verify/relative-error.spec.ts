import { relativeError } from './relative-error.js';

const floats = (...values: number[]) => Float32Array.from(values);

describe('relativeError', () => {
  it.each([
    // |(3, 4) - (3, 3)| = 1, |(3, 4)| = 5.
    ['a fifth of the length', [3, 4], [3, 3], 0.2],
    ['all zeros', [3, 4], [0, 0], 1],
    ['the opposite vector', [3, 4], [-3, -4], 2],
    ['the same vector', [3, 4], [3, 4], 0],
    ['zeros for zeros', [0, 0], [0, 0], 0],
    ['a value where the reference has zeros', [0, 0], [0, 1], Infinity],
  ])(
    'is the distance as a share of the length of the reference: %s',
    (_, reference, values, expected) => {
      expect(relativeError(floats(...reference), floats(...values))).toBeCloseTo(expected, 12);
    },
  );

  it('is NaN if a value is', () => {
    expect(relativeError(floats(1, 2), floats(1, NaN))).toBeNaN();
  });

  it('throws a RangeError for vectors of different lengths', () => {
    expect(() => relativeError(floats(1, 2), floats(1))).toThrow(RangeError);
  });
});
