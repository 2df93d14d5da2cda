import { descendingIds } from './rank-logits.js';
import { createRandom } from './random.js';
import { type SamplingSettings, createSampler } from './sampler.js';

const GREEDY: SamplingSettings = { temperature: 0, topP: 1, topK: 0, minP: 0, seed: 0 };
const LOGITS = Float32Array.from([1, 3, 2, 0, -1]);

/** Relative frequency of each sampled id. */
function frequencies(
  settings: Partial<SamplingSettings>,
  logits = LOGITS,
  draws = 20_000,
): number[] {
  const sample = createSampler({ ...GREEDY, temperature: 1, seed: 7, ...settings });
  const counts = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sample(logits)]! += 1;
  return counts.map((count) => count / draws);
}

function softmax(logits: readonly number[]): number[] {
  const weights = logits.map(Math.exp);
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

function expectNear(actual: readonly number[], expected: readonly number[]) {
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(0.01));
}

describe('createSampler', () => {
  it('samples the most likely id at temperature 0, the lowest on ties', () => {
    expect(createSampler(GREEDY)(LOGITS)).toBe(1);
    expect(createSampler(GREEDY)(Float32Array.from([0, 5, 5, NaN, 5]))).toBe(1);
    expect(createSampler(GREEDY)(Float32Array.from([NaN, -7]))).toBe(1);
  });

  it('samples from the softmax distribution', () => {
    expectNear(frequencies({}), softmax([...LOGITS]));
    expectNear(frequencies({ temperature: 2 }), softmax([0.5, 1.5, 1, 0, -0.5]));
  });

  it('samples from the topK most likely ids', () => {
    const [a, b] = softmax([3, 2]);
    expectNear(frequencies({ topK: 2 }), [0, a!, b!, 0, 0]);
    expect(frequencies({ topK: 1 })).toEqual([0, 1, 0, 0, 0]);
    expectNear(frequencies({ topK: 50 }), softmax([...LOGITS]));
  });

  it('samples from the smallest set that reaches topP', () => {
    // Probabilities: 0.636, 0.234, 0.086, 0.032, 0.012 for the ids 1, 2, 0, 3, 4.
    const [a, b] = softmax([3, 2]);
    expect(frequencies({ topP: 0.6 })).toEqual([0, 1, 0, 0, 0]);
    expectNear(frequencies({ topP: 0.8 }), [0, a!, b!, 0, 0]);
    expectNear(frequencies({ topP: 0.9 }), [
      softmax([1, 3, 2])[0]!,
      ...softmax([1, 3, 2]).slice(1),
      0,
      0,
    ]);
    expect(frequencies({ topP: 1e-9 })).toEqual([0, 1, 0, 0, 0]);
  });

  it('applies topP after topK', () => {
    // After topK, id 1 has a probability of 0.731.
    expect(frequencies({ topK: 2, topP: 0.7 })).toEqual([0, 1, 0, 0, 0]);
    expect(frequencies({ topK: 2, topP: 0.75 })[2]).toBeGreaterThan(0.2);
  });

  it('keeps tokens as likely as the last of the topK, and never one without probability', () => {
    expectNear(frequencies({ topK: 1 }, Float32Array.from([2, 5, 5, 0])), [0, 0.5, 0.5, 0]);
    const banned = Float32Array.from([-Infinity, 1, -Infinity, 1]);
    expectNear(frequencies({ topK: 3 }, banned), [0, 0.5, 0, 0.5]);
  });

  it('keeps the most likely token at a topP of 0', () => {
    expect(frequencies({ topP: 0 })).toEqual([0, 1, 0, 0, 0]);
  });

  it.each([0, 3])(
    'keeps tokens above minP times the highest probability, at a topK of %i',
    (topK) => {
      // Relative to id 1: e^-2, 1, e^-1, e^-3, e^-4.
      expect(frequencies({ minP: 0.99, topK })).toEqual([0, 1, 0, 0, 0]);
      expectNear(frequencies({ minP: 0.3, topK }), [0, 0.731, 0.269, 0, 0]);
      expectNear(frequencies({ minP: 0.1, topK }), [0.09, 0.665, 0.245, 0, 0]);
    },
  );

  it('handles extreme logits', () => {
    const logits = Float32Array.from([1e30, -Infinity, 1e30, NaN]);

    expectNear(frequencies({ temperature: 0.01 }, logits), [0.5, 0, 0.5, 0]);
    expectNear(frequencies({ topP: 0.99 }, logits), [0.5, 0, 0.5, 0]);
  });

  it('samples the same ids for the same seed and others for another seed', () => {
    const sampled = (seed: number) => {
      const sample = createSampler({ ...GREEDY, temperature: 3, seed });
      return Array.from({ length: 40 }, () => sample(LOGITS));
    };

    expect(sampled(5)).toEqual(sampled(5));
    expect(sampled(5)).not.toEqual(sampled(6));
    expect(sampled(5)).not.toEqual(sampled(5 + 2 ** 32));
    expect(sampled(5)).not.toEqual(sampled(-5));
  });

  it.each([
    [NaN, NaN],
    [-Infinity, NaN, -Infinity],
  ])('refuses logits without a finite value', (...values) => {
    const logits = Float32Array.from(values);

    for (const temperature of [0, 1]) {
      expect(() => createSampler({ ...GREEDY, temperature })(logits)).toThrow(
        expect.objectContaining({ code: 'INTERNAL' }) as Error,
      );
    }
  });

  it.each<Partial<SamplingSettings>>([
    { temperature: -0.1 },
    { temperature: NaN },
    { temperature: Infinity },
    { topP: -0.1 },
    { topP: 1.01 },
    { topK: -1 },
    { topK: 1.5 },
    { minP: -0.1 },
    { minP: NaN },
    { seed: 0.5 },
    { seed: 2 ** 60 },
  ])('refuses %j', (change) => {
    expect(() => createSampler({ ...GREEDY, ...change })).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETER',
        details: { parameter: Object.keys(change)[0] },
      }) as Error,
    );
  });
});

describe('descendingIds', () => {
  it('sorts like a stable sort', () => {
    const random = createRandom(3);
    for (let size = 0; size < 60; size++) {
      const logits = Float32Array.from({ length: size }, () => Math.floor(random() * 12));
      const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);

      expect([...descendingIds(logits)]).toEqual(sorted);
    }
  });

  it('leaves out NaN logits', () => {
    expect([...descendingIds(Float32Array.from([NaN, 1, -Infinity, NaN]))]).toEqual([1, 2]);
  });
});

describe('createRandom', () => {
  it('is uniform over its range', () => {
    const random = createRandom(11);
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 50_000; i++) tenths[Math.floor(random() * 10)]! += 1;

    for (const count of tenths) expect(Math.abs(count - 5000)).toBeLessThan(300);
  });
});
