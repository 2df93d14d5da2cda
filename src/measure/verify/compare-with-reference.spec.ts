import { mkdirSync } from 'node:fs';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { createFakeParts } from '../../../test/fakes/loaded-model.js';
import { compareWithReference } from './compare-with-reference.js';
import { MAX_TRACED_TOKENS, readRecordedPrompts, recordReference } from './reference-record.js';
import type { TracedModel } from './trace-model.js';

/** Logits of four tokens, from their probabilities. */
const logitsOf = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);
const END = 3;

const PROMPTS = [
  { language: 'en', shows: 'nothing', chunks: [{ kind: 'text', ids: [600, 601] }] },
  { language: 'ca', shows: 'nothing', chunks: [{ kind: 'text', ids: [602] }] },
] as const;

interface Predicted {
  readonly logits: Float32Array;
  readonly layers?: readonly Float32Array[];
}

/**
 * A text-only model that predicts what it is told, whatever it has decoded.
 *
 * @param predicted in order, over all prompts.
 */
async function createScriptedModel(predicted: readonly Predicted[]) {
  const parts = await createFakeParts({ reads: 'text' });
  const decodedIds: number[] = [];
  let next = 0;
  let last: Predicted | undefined;
  const predict = () => {
    last = predicted[Math.min(next, predicted.length - 1)];
    next += 1;
    return [last!.logits];
  };
  const model: TracedModel = {
    ...parts,
    manifest: { ...parts.manifest, tokens: { ...parts.manifest.tokens, eos: [END] } },
    decoder: {
      ...parts.decoder,
      logits: () => Promise.resolve(predict()),
      async step(tokens) {
        await parts.decoder.step(tokens);
        decodedIds.push(...tokens.map(({ id }) => id));
        return predict();
      },
    },
    towerLayers: () => [],
    decoderLayers: () => last?.layers ?? [],
  };
  return { model, decodedIds, decoder: parts.decoder };
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

describe('recordReference', () => {
  it('records the greedy answers with their stop tokens', async () => {
    const { model, decodedIds, decoder } = await createScriptedModel(REFERENCE);
    const steps: string[] = [];
    await recordReference(model, PROMPTS, path(), (step) => steps.push(step));

    const recorded = await readRecordedPrompts(path());
    expect(recorded).toEqual([
      { ...PROMPTS[0], answerIds: [2, END] },
      { ...PROMPTS[1], answerIds: [1, 0, END] },
    ]);
    // A stop token is not decoded.
    expect(decodedIds).toEqual([2, 1, 0]);
    expect(steps).toEqual(['prompt 1 of 2', 'prompt 2 of 2']);
    expect(decoder.openSequences).toBe(0);
  });

  it('ends an answer without a stop token after 24 tokens', async () => {
    const { model } = await createScriptedModel([{ logits: logitsOf(0.7, 0.1, 0.1, 0.1) }]);
    await recordReference(model, PROMPTS.slice(0, 1), path(), ignore);

    const [recorded] = await readRecordedPrompts(path());
    expect(MAX_TRACED_TOKENS).toBe(24);
    expect(recorded!.answerIds).toEqual(Array<number>(24).fill(0));
  });
});

describe('compareWithReference', () => {
  beforeEach(async () => {
    const { model } = await createScriptedModel(REFERENCE);
    await recordReference(model, PROMPTS, path(), ignore);
  });

  it('finds no difference between a model and itself', async () => {
    const { model } = await createScriptedModel(REFERENCE);

    expect(await compareWithReference(model, path(), ignore)).toEqual({
      positions: 5,
      divergence: { mean: 0, max: 0 },
      topAgreement: 1,
      prompts: [
        { language: 'en', shows: 'nothing', tokens: 2, agreedTokens: 2, meanDivergence: 0 },
        { language: 'ca', shows: 'nothing', tokens: 3, agreedTokens: 3, meanDivergence: 0 },
      ],
      pictureError: null,
      layerErrors: { tower: [], decoder: [0] },
    });
  });

  it('follows the answers of the reference past the first token that differs', async () => {
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
    expect(comparison.topAgreement).toBeCloseTo(4 / 5, 12);
    // 1/2 ln(2) + 1/4 ln(1/2) at one of five positions, the second of three of the second prompt.
    const divergence = Math.log(2) / 4;
    expect(comparison.divergence.max).toBeCloseTo(divergence, 6);
    expect(comparison.divergence.mean).toBeCloseTo(divergence / 5, 6);
    expect(comparison.prompts[0]).toMatchObject({ tokens: 2, agreedTokens: 2, meanDivergence: 0 });
    expect(comparison.prompts[1]).toMatchObject({ tokens: 3, agreedTokens: 1 });
    expect(comparison.prompts[1]!.meanDivergence).toBeCloseTo(divergence / 3, 6);
    // (0, 1/2) for (0, 1) is half off, at one of five positions.
    expect(comparison.layerErrors!.decoder).toEqual([0.1]);
  });

  it('gives no layer errors if no layers were recorded', async () => {
    const withoutLayers = REFERENCE.map(({ logits }) => ({ logits }));
    const reference = await createScriptedModel(withoutLayers);
    await recordReference(reference.model, PROMPTS, freshFolder(), ignore);
    const { model } = await createScriptedModel(withoutLayers);

    const comparison = await compareWithReference(model, folder.path('fresh'), ignore);
    expect(comparison.layerErrors).toBeNull();
    expect(comparison.positions).toBe(5);
  });
});

function freshFolder(): string {
  mkdirSync(folder.path('fresh'));
  return folder.path('fresh');
}
