import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { createFakeModel } from '../../../test/fakes/fake-model.js';
import { compareWithReference } from './compare-with-reference.js';
import { recordReferenceTrace } from './reference-trace.js';
import type { TracedModel } from './trace-model.js';

/** Logits of four tokens, from their probabilities. */
const logitsOf = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);
const END = 3;

const PROMPTS = [
  { language: 'en', hasImage: false, segments: [{ kind: 'text', ids: [600, 601] }] },
  { language: 'ca', hasImage: false, segments: [{ kind: 'text', ids: [602] }] },
] as const;

interface Predicted {
  readonly logits: Float32Array;
  readonly layers?: readonly Float32Array[];
}

/**
 * A text-only model with scripted predictions, which do not depend on the decoded tokens.
 *
 * @param predicted in the order of decode steps over all prompts. The last one repeats.
 */
async function createScriptedModel(predicted: readonly Predicted[]) {
  const fake = await createFakeModel({ inputs: 'text' });
  const decodedIds: number[] = [];
  let next = 0;
  let last: Predicted | undefined;
  const predict = () => {
    last = predicted[Math.min(next, predicted.length - 1)];
    next += 1;
    return [last!.logits];
  };
  const model: TracedModel = {
    ...fake,
    manifest: { ...fake.manifest, tokens: { ...fake.manifest.tokens, eos: [END] } },
    decoder: {
      ...fake.decoder,
      logits: () => Promise.resolve(predict()),
      async step(tokens) {
        await fake.decoder.step(tokens);
        decodedIds.push(...tokens.map(({ id }) => id));
        return predict();
      },
    },
    visionLayers: () => [],
    decoderLayers: () => last?.layers ?? [],
  };
  return { model, decodedIds, decoder: fake.decoder };
}

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

const path = () => folder.path('.');
const ignore = () => undefined;

/** Answers: 2, then the end; and 1, 0, then the end. */
const REFERENCE: readonly Predicted[] = [
  { logits: logitsOf(0.125, 0.125, 0.5, 0.25), layers: [Float32Array.of(3, 4)] },
  { logits: logitsOf(0.25, 0.125, 0.125, 0.5), layers: [Float32Array.of(6, 8)] },
  { logits: logitsOf(0.25, 0.5, 0.125, 0.125), layers: [Float32Array.of(1, 0)] },
  { logits: logitsOf(0.5, 0.25, 0.125, 0.125), layers: [Float32Array.of(0, 1)] },
  { logits: logitsOf(0.25, 0.125, 0.125, 0.5), layers: [Float32Array.of(0, 2)] },
];

describe('compareWithReference', () => {
  beforeEach(async () => {
    const { model } = await createScriptedModel(REFERENCE);
    await recordReferenceTrace(model, PROMPTS, path(), ignore);
  });

  it('reports no difference between a model and itself', async () => {
    const { model } = await createScriptedModel(REFERENCE);

    expect(await compareWithReference(model, path(), ignore)).toEqual({
      positions: 5,
      klDivergence: { mean: 0, max: 0 },
      top1Agreement: 1,
      prompts: [
        { language: 'en', hasImage: false, tokens: 2, matchingTokens: 2, meanKlDivergence: 0 },
        { language: 'ca', hasImage: false, tokens: 3, matchingTokens: 3, meanKlDivergence: 0 },
      ],
      imageFeatureError: null,
      layerErrors: { visionEncoder: [], decoder: [0] },
    });
  });

  it('continues with the tokens of the reference after the first different token', async () => {
    const differing = REFERENCE.map((step, index) =>
      index === 3
        ? { logits: logitsOf(0.25, 0.5, 0.125, 0.125), layers: [Float32Array.of(0, 0.5)] }
        : step,
    );
    const { model, decodedIds, decoder } = await createScriptedModel(differing);
    const comparison = await compareWithReference(model, path(), ignore);

    expect(decodedIds).toEqual([2, 1, 0]);
    expect(decoder.openSequences).toBe(0);
    expect(comparison.positions).toBe(5);
    expect(comparison.top1Agreement).toBeCloseTo(4 / 5, 12);
    // 1/2 ln(2) + 1/4 ln(1/2) at one of five positions, the second of three of the second prompt.
    const divergence = Math.log(2) / 4;
    expect(comparison.klDivergence.max).toBeCloseTo(divergence, 6);
    expect(comparison.klDivergence.mean).toBeCloseTo(divergence / 5, 6);
    expect(comparison.prompts[0]).toMatchObject({
      tokens: 2,
      matchingTokens: 2,
      meanKlDivergence: 0,
    });
    expect(comparison.prompts[1]).toMatchObject({ tokens: 3, matchingTokens: 1 });
    expect(comparison.prompts[1]!.meanKlDivergence).toBeCloseTo(divergence / 3, 6);
    // (0, 1/2) for (0, 1) has the relative error 1/2, at one of five positions.
    expect(comparison.layerErrors.decoder).toEqual([0.1]);
  });
});
