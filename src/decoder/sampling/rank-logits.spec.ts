import { createRandom } from './random.js';
import { topLogits } from './rank-logits.js';

function sortedLogits(logits: Float32Array, count: number): number[] {
  return [...logits]
    .filter((logit) => !Number.isNaN(logit))
    .sort((a, b) => b - a)
    .slice(0, count);
}

describe('topLogits', () => {
  it.each([1, 2, 3, 64, 300, 301, 1000])(
    'finds the %i highest logits like a full sort',
    (count) => {
      const random = createRandom(count);
      for (let round = 0; round < 20; round++) {
        // Few distinct values, so that there are ties.
        const levels = round % 2 === 0 ? 7 : 1e6;
        const logits = Float32Array.from({ length: 301 }, () =>
          random() < 0.1 ? NaN : Math.floor(random() * levels) - levels / 2,
        );
        logits[round] = -Infinity;
        logits[300 - round] = Infinity;

        const ids = [...topLogits(logits, count)];

        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.map((id) => logits[id]!).sort((a, b) => b - a)).toEqual(
          sortedLogits(logits, count),
        );
      }
    },
  );

  it.each([
    ['ascending', (i: number) => i],
    ['descending', (i: number) => -i],
  ])('finds the highest of %s logits', (_, logitOf) => {
    const logits = Float32Array.from({ length: 1000 }, (__, i) => logitOf(i));

    const ids = [...topLogits(logits, 10)].map((id) => logits[id]!).sort((a, b) => b - a);

    expect(ids).toEqual(sortedLogits(logits, 10));
  });

  it('returns no ids for no logits, NaNs only, or a count of 0', () => {
    expect(topLogits(new Float32Array(), 5)).toHaveLength(0);
    expect(topLogits(Float32Array.of(NaN, NaN), 5)).toHaveLength(0);
    expect(topLogits(Float32Array.of(1, 2), 0)).toHaveLength(0);
  });
});
