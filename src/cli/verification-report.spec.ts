import type { VerifiedPackage } from '../measure/verify/verify-packages.js';
import type { Comparison } from '../measure/verify/verify-result.js';
import { summarizeComparison } from './verification-report.js';

const prompt = (tokens: number, matchingTokens: number) => ({
  ...{ language: 'en', hasImage: false, tokens, matchingTokens, meanKlDivergence: 0 },
});

const COMPARISON: Comparison = {
  positions: 7,
  klDivergence: { mean: 0.00213, max: 0.4 },
  top1Agreement: 6 / 7,
  prompts: [prompt(4, 4), prompt(3, 2)],
  imageFeatureError: 0.02,
  layerErrors: { visionEncoder: [0.01, 0.012], decoder: [0.011, 0.0192, 0.019] },
};

function verified(comparison: Comparison | null): VerifiedPackage {
  return { manifest: { precision: 'int8' }, result: { comparison } } as VerifiedPackage;
}

describe('summarizeComparison', () => {
  it('says the cost of a precision in one sentence', () => {
    expect(summarizeComparison(verified(COMPARISON))).toBe(
      'int8: same answer for 1 of 2 prompts, KL divergence 0.0021 nats per token, worst layer 2 of 3 (error 1.92 %)',
    );
  });

  it('names the vision encoder if its layer is the worst', () => {
    const layerErrors = { visionEncoder: [0.25, 0.1], decoder: [0.2] };

    expect(summarizeComparison(verified({ ...COMPARISON, layerErrors }))).toContain(
      'worst layer 1 of 2 of the vision encoder (error 25.0 %)',
    );
  });

  it('is null for the reference itself', () => {
    expect(summarizeComparison(verified(null))).toBeNull();
  });
});
