import { createRandom } from './random.js';
import { topLogits } from './rank-logits.js';

function sortedScores(scores: Float32Array, count: number): number[] {
  return [...scores]
    .filter((score) => !Number.isNaN(score))
    .sort((a, b) => b - a)
    .slice(0, count);
}

describe('topScores', () => {
  it.each([1, 2, 3, 64, 300, 301, 1000])('finds the %i highest as sorting does', (count) => {
    const random = createRandom(count);
    for (let round = 0; round < 20; round++) {
      // Few different values, so that some are equal.
      const levels = round % 2 === 0 ? 7 : 1e6;
      const scores = Float32Array.from({ length: 301 }, () =>
        random() < 0.1 ? NaN : Math.floor(random() * levels) - levels / 2,
      );
      scores[round] = -Infinity;
      scores[300 - round] = Infinity;

      const ids = [...topLogits(scores, count)];

      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.map((id) => scores[id]!).sort((a, b) => b - a)).toEqual(
        sortedScores(scores, count),
      );
    }
  });

  it.each([
    ['rising', (i: number) => i],
    ['falling', (i: number) => -i],
  ])('finds the highest of %s scores', (_, scoreOf) => {
    const scores = Float32Array.from({ length: 1000 }, (__, i) => scoreOf(i));

    const ids = [...topLogits(scores, 10)].map((id) => scores[id]!).sort((a, b) => b - a);

    expect(ids).toEqual(sortedScores(scores, 10));
  });

  it('finds nothing where there is nothing', () => {
    expect(topLogits(new Float32Array(), 5)).toHaveLength(0);
    expect(topLogits(Float32Array.of(NaN, NaN), 5)).toHaveLength(0);
    expect(topLogits(Float32Array.of(1, 2), 0)).toHaveLength(0);
  });
});
