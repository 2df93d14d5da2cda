import { createRandom } from './random.js';
import { rankStep } from './token-logprobs.js';

describe('rankStep', () => {
  it('computes the log-softmax of torch', () => {
    // torch.log_softmax(torch.tensor([1.5, -2.0, 0.25, 3.0, 3.0]), 0)
    const { sampled, top } = rankStep(Float32Array.of(1.5, -2, 0.25, 3, 3), 2, 4);

    expect(sampled.id).toBe(2);
    expect(sampled.logprob).toBeCloseTo(-3.5802081, 6);
    expect(top.map(({ id }) => id)).toEqual([3, 4, 0, 2]);
    expect(top.map(({ logprob }) => logprob.toFixed(5))).toEqual([
      '-0.83021',
      '-0.83021',
      '-2.33021',
      '-3.58021',
    ]);
  });

  it('stays finite for large logits and ignores NaN logits', () => {
    const { sampled, top } = rankStep(Float32Array.of(30_000, NaN, 30_000, -Infinity), 0, 5);

    expect(sampled.logprob).toBeCloseTo(-Math.LN2, 6);
    expect(top.map(({ id }) => id)).toEqual([0, 2, 3]);
    expect(rankStep(Float32Array.of(1, NaN), 1, 1).sampled.logprob).toBe(-Infinity);
    expect(rankStep(Float32Array.of(1, -Infinity), 1, 0)).toEqual({
      sampled: { id: 1, logprob: -Infinity },
      top: [],
    });
  });

  it('ranks like a full sort, ties by the lower id', () => {
    const random = createRandom(3);
    for (const count of [1, 5, 20]) {
      const logits = Float32Array.from({ length: 5000 }, () => Math.round(random() * 200) / 10);
      const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);

      const { top } = rankStep(logits, 0, count);

      expect(top.map(({ id }) => id)).toEqual(sorted.slice(0, count));
    }
  });

  it('returns probabilities that sum to 1', () => {
    const { top } = rankStep(Float32Array.of(0.1, 2, -3, 0), 0, 4);

    expect(top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 12);
  });
});
