import { statSync } from 'node:fs';

import { createFakeModel } from '../../../test/fakes/fake-model.js';
import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import {
  openTrace,
  readTracedPrompts,
  recordReferenceTrace,
  traceValuesPath,
} from './reference-trace.js';
import { MAX_TRACED_TOKENS } from './sample-prompts.js';
import type { TracedModel } from './trace-model.js';

const floats = (...values: number[]) => Float32Array.from(values);
const END = 3;

const PROMPTS = [
  { language: 'en', hasImage: false, segments: [{ kind: 'text', ids: [600, 601] }] },
  { language: 'ca', hasImage: false, segments: [{ kind: 'text', ids: [602] }] },
] as const;

/**
 * A text-only model with scripted logits, which do not depend on the decoded tokens.
 *
 * @param script in the order of decode steps over all prompts. The last logits repeat.
 * @param layers outputs of the decoder layers in every step.
 */
async function createScriptedModel(
  script: readonly Float32Array[],
  layers: readonly Float32Array[] = [],
) {
  const fake = await createFakeModel({ inputs: 'text' });
  const decodedIds: number[] = [];
  const remaining = [...script];
  const predict = () => [(remaining.length > 1 ? remaining.shift() : remaining[0])!];
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
    decoderLayers: () => layers,
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

describe('recordReferenceTrace', () => {
  it('records the greedy answers with their stop tokens', async () => {
    const { model, decodedIds, decoder } = await createScriptedModel([
      ...[floats(0, 0, 2, 1), floats(0, 0, 0, 1)],
      ...[floats(0, 1, 0, 0), floats(1, 0, 0, 0), floats(0, 0, 0, 1)],
    ]);
    const steps: string[] = [];
    await recordReferenceTrace(model, PROMPTS, path(), (step) => steps.push(step));

    expect(await readTracedPrompts(path())).toEqual([
      { ...PROMPTS[0], answerIds: [2, END] },
      { ...PROMPTS[1], answerIds: [1, 0, END] },
    ]);
    // A stop token is not decoded.
    expect(decodedIds).toEqual([2, 1, 0]);
    expect(steps).toEqual(['prompt 1 of 2', 'prompt 2 of 2']);
    expect(decoder.openSequences).toBe(0);
  });

  it('ends an answer without a stop token after 24 tokens', async () => {
    const { model } = await createScriptedModel([floats(1, 0, 0, 0)]);
    await recordReferenceTrace(model, PROMPTS.slice(0, 1), path(), ignore);

    const [recorded] = await readTracedPrompts(path());
    expect(MAX_TRACED_TOKENS).toBe(24);
    expect(recorded!.answerIds).toEqual(Array<number>(24).fill(0));
  });

  it('never overwrites a trace', async () => {
    const values = folder.write('reference.bin', 'mine');
    const { model } = await createScriptedModel([floats(0, 0, 0, 1)]);

    expect(traceValuesPath(path())).toBe(values);
    await expect(recordReferenceTrace(model, PROMPTS, path(), ignore)).rejects.toMatchObject({
      code: 'EEXIST',
    });
    expect(statSync(values).size).toBe(4);
  });
});

describe('openTrace', () => {
  /** Records one token, the stop token, with its layer outputs, and opens the recorded values. */
  async function recordToken(logits: Float32Array, layers: readonly Float32Array[]) {
    const { model } = await createScriptedModel([logits], layers);
    await recordReferenceTrace(model, PROMPTS.slice(0, 1), path(), ignore);
    return await openTrace(traceValuesPath(path()));
  }

  it('reads the values in the order in which they were written, in vectors of any length', async () => {
    const layers = [floats(-2), floats(), floats(Infinity, 3e-40)];
    const trace = await recordToken(floats(1.5, 0, 0, 2.5), layers);

    expect(await trace.read(1)).toEqual(floats(1.5));
    expect(await trace.read(0)).toEqual(floats());
    expect(await trace.read(6)).toEqual(floats(0, 0, 2.5, -2, Infinity, 3e-40));
    await trace.close();
    expect(statSync(traceValuesPath(path())).size).toBe(7 * 4);
  });

  it('reads only the values of a view, not those of the buffer behind it', async () => {
    const logits = floats(9, 0, 0, 0, 1, 9).subarray(1, 5);
    const trace = await recordToken(logits, [floats(1, 2, 3, 4).subarray(1, 3)]);

    expect(await trace.read(6)).toEqual(floats(0, 0, 0, 1, 2, 3));
    await trace.close();
    expect(statSync(traceValuesPath(path())).size).toBe(6 * 4);
  });

  it('throws a RangeError for a read past the end', async () => {
    const trace = await recordToken(floats(0, 0, 0, 1), []);

    await expect(trace.read(5)).rejects.toThrow(RangeError);
    await trace.close();
  });
});
