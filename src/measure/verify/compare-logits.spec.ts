import { compareLogits, topId } from './compare-logits.js';

const floats = (...values: number[]) => Float32Array.from(values);

describe('compareLogits', () => {
  it('gives the divergence of the probabilities from the reference in nats', () => {
    // Probabilities 3/4 and 1/4 against 1/2 and 1/2: 3/4 ln(3/2) + 1/4 ln(1/2).
    const { divergence, isTopEqual } = compareLogits(floats(Math.log(3), 0), floats(7, 7));

    expect(divergence).toBeCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), 7);
    expect(isTopEqual).toBe(true);
  });

  it('does not mind a constant, however large', () => {
    const reference = floats(1, 2, 3);

    expect(compareLogits(reference, floats(101, 102, 103)).divergence).toBeCloseTo(0, 6);
    expect(compareLogits(reference, reference)).toEqual({ divergence: 0, isTopEqual: true });
  });

  it('tells another likeliest token', () => {
    expect(compareLogits(floats(0, 1, 0), floats(0, 1, 1.5)).isTopEqual).toBe(false);
  });

  it('passes over tokens that cannot come in either', () => {
    const impossible = floats(0, 0, -Infinity);

    expect(compareLogits(impossible, impossible).divergence).toBe(0);
  });

  it.each([
    ['not a number', floats(0, NaN)],
    ['impossible where the reference expects it', floats(0, -Infinity)],
  ])('is infinite for a score that is %s', (_, logits) => {
    expect(compareLogits(floats(0, 0), logits).divergence).toBe(Infinity);
  });

  it('refuses two lengths', () => {
    expect(() => compareLogits(floats(1), floats(1, 2))).toThrow(RangeError);
  });
});

it('takes the lower of two ids that are equal', () => {
  expect(topId(floats(1, 3, 3, 2))).toBe(1);
});
