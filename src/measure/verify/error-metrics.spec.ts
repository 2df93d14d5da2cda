import { compareLogits, relativeError, topId } from './error-metrics.js';

const floats = (...values: number[]) => Float32Array.from(values);

describe('compareLogits', () => {
  it('computes the KL divergence from the reference in nats', () => {
    // Probabilities 3/4 and 1/4 against 1/2 and 1/2: 3/4 ln(3/2) + 1/4 ln(1/2).
    const { klDivergence, isTop1Equal } = compareLogits(floats(Math.log(3), 0), floats(7, 7));

    expect(klDivergence).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 7);
    expect(isTop1Equal).toBe(true);
  });

  it('ignores a constant added to all logits', () => {
    const reference = floats(1, 2, 3);

    expect(compareLogits(reference, floats(101, 102, 103)).klDivergence).toBeCloseTo(0, 6);
    expect(compareLogits(reference, reference)).toEqual({ klDivergence: 0, isTop1Equal: true });
  });

  it('detects a different top-1 token', () => {
    expect(compareLogits(floats(0, 1, 0), floats(0, 1, 1.5)).isTop1Equal).toBe(false);
  });

  it('skips tokens of probability 0', () => {
    const impossible = floats(0, 0, -Infinity);

    expect(compareLogits(impossible, impossible).klDivergence).toBe(0);
  });

  it.each([
    ['not a number', floats(0, NaN)],
    ['impossible where the reference expects it', floats(0, -Infinity)],
  ])('is infinite if a logit is %s', (_, logits) => {
    expect(compareLogits(floats(0, 0), logits).klDivergence).toBe(Infinity);
  });

  it('rejects logits of different lengths', () => {
    expect(() => compareLogits(floats(1), floats(1, 2))).toThrow(RangeError);
  });
});

it('takes the lower id on a tie', () => {
  expect(topId(floats(1, 3, 3, 2))).toBe(1);
});

describe('relativeError', () => {
  it.each([
    // |(3, 4) - (3, 3)| = 1, |(3, 4)| = 5.
    ['a fifth of the norm', [3, 4], [3, 3], 0.2],
    ['all zeros', [3, 4], [0, 0], 1],
    ['the opposite vector', [3, 4], [-3, -4], 2],
    ['the same vector', [3, 4], [3, 4], 0],
    ['zeros for zeros', [0, 0], [0, 0], 0],
    ['a value where the reference has zeros', [0, 0], [0, 1], Infinity],
  ])('divides the distance by the norm of the reference: %s', (_, reference, values, expected) => {
    expect(relativeError(floats(...reference), floats(...values))).toBeCloseTo(expected, 12);
  });

  it('is NaN if a value is NaN', () => {
    expect(relativeError(floats(1, 2), floats(1, NaN))).toBeNaN();
  });

  it('rejects vectors of different lengths', () => {
    expect(() => relativeError(floats(1, 2), floats(1))).toThrow(RangeError);
  });
});
