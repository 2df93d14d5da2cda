import { readFileSync } from 'node:fs';

import { GREEDY, NEUTRAL_GENERATION } from '../../../test/fakes/generation.js';
import { createLogitsProcessors, type LogitsSettings } from './logits-processors.js';
import { type SamplingSettings, truncate } from './sampler.js';

/** Fields of transformers' `GenerationConfig`. */
interface HuggingFaceSettings {
  readonly sequence_bias?: readonly [ids: readonly [number], bias: number][];
  readonly repetition_penalty?: number;
  readonly no_repeat_ngram_size?: number;
  readonly bad_words_ids?: readonly (readonly number[])[];
  readonly min_new_tokens?: number;
  readonly suppress_tokens?: readonly number[];
  readonly begin_suppress_tokens?: readonly number[];
  readonly do_sample?: boolean;
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
  readonly min_p?: number;
}

/** A decode step as make_golden.py recorded it. Null is minus infinity. */
interface GoldenCase {
  readonly settings: HuggingFaceSettings;
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
  readonly logits: readonly number[];
  readonly processed: readonly (number | null)[];
  readonly probabilities?: readonly number[];
}

const GOLDEN = JSON.parse(readFileSync('test/golden/sampling/golden.json', 'utf8')) as {
  readonly vocabulary: number;
  readonly eos: readonly number[];
  readonly cases: readonly GoldenCase[];
};

const titled = GOLDEN.cases.map(
  (item) => [`${JSON.stringify(item.settings)} after ${item.answer.length} tokens`, item] as const,
);

function processorsFor({ settings, prompt }: Pick<GoldenCase, 'settings' | 'prompt'>) {
  const requested: LogitsSettings = {
    ...GREEDY,
    logitBias: new Map(settings.sequence_bias?.map(([[id], bias]) => [id, bias])),
    repetitionPenalty: settings.repetition_penalty ?? 1,
    minTokens: settings.min_new_tokens ?? 0,
  };
  const excluded = {
    noRepeatNgramSize: settings.no_repeat_ngram_size ?? 0,
    suppressTokens: settings.suppress_tokens ?? [],
    beginSuppressTokens: settings.begin_suppress_tokens ?? [],
    badWords: settings.bad_words_ids ?? [],
  };
  const context = { promptLength: prompt.length, eosIds: GOLDEN.eos, stopIds: GOLDEN.eos };
  return createLogitsProcessors(requested, excluded, context);
}

/** The logits of the step after `answer`. Earlier steps run before it, since processors count tokens. */
function process(golden: GoldenCase): Float32Array {
  const processors = processorsFor(golden);
  const ids = [...golden.prompt];
  const step = (): Float32Array => {
    const logits = Float32Array.from(golden.logits);
    for (const apply of processors) apply(logits, ids);
    return logits;
  };
  for (const id of golden.answer) {
    step();
    ids.push(id);
  }
  return step();
}

const samplingOf = (settings: HuggingFaceSettings): SamplingSettings => ({
  temperature: settings.temperature ?? 1,
  topK: settings.top_k ?? 50,
  topP: settings.top_p ?? 1,
  minP: settings.min_p ?? 0,
  seed: 0,
});

describe('createLogitsProcessors', () => {
  const greedy = titled.filter(([, { settings }]) => settings.do_sample !== true);

  it.each(greedy)('equals transformers to the bit with %s', (_, golden) => {
    const expected = golden.processed.map((logit) => Math.fround(logit ?? -Infinity));

    expect([...process(golden)]).toEqual(expected);
  });

  it('has no processor for neutral settings', () => {
    expect(processorsFor({ settings: {}, prompt: [1] })).toEqual([]);
  });

  it('subtracts the frequency penalty per occurrence in the answer and the presence penalty once', () => {
    const settings = { ...GREEDY, frequencyPenalty: 0.5, presencePenalty: 0.25 };
    const context = { promptLength: 2, eosIds: [], stopIds: [] };
    const [penalty] = createLogitsProcessors(settings, NEUTRAL_GENERATION, context);
    const logits = new Float32Array([1, 1, 1, 1]);

    penalty?.(logits, [3, 3, 1, 2, 1]);

    expect([...logits]).toEqual([1, 1 - 2 * 0.5 - 0.25, 1 - 0.5 - 0.25, 1]);
  });

  it('ignores token ids outside the vocabulary', () => {
    const excluded = { ...NEUTRAL_GENERATION, suppressTokens: [9], badWords: [[8]] };
    const settings = { ...GREEDY, repetitionPenalty: 2, logitBias: new Map([[7, 1]]) };
    const context = { promptLength: 1, eosIds: [], stopIds: [] };
    const logits = new Float32Array([4, 4]);

    for (const apply of createLogitsProcessors(settings, excluded, context)) apply(logits, [6]);

    expect([...logits]).toEqual([4, 4]);
  });

  it.each<Partial<LogitsSettings>>([
    { repetitionPenalty: 0 },
    { repetitionPenalty: NaN },
    { frequencyPenalty: NaN },
    { presencePenalty: Infinity },
    { minTokens: -1 },
    { minTokens: 0.5 },
  ])('refuses %j', (change) => {
    const context = { promptLength: 0, eosIds: [], stopIds: [] };

    expect(() =>
      createLogitsProcessors({ ...GREEDY, ...change }, NEUTRAL_GENERATION, context),
    ).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETER',
        details: { parameter: Object.keys(change)[0] },
      }) as Error,
    );
  });
});

describe('truncate', () => {
  const sampled = titled.filter(([, { settings }]) => settings.do_sample === true);

  it.each(sampled)('leaves the tokens and probabilities of transformers with %s', (_, golden) => {
    const { ids, weights } = truncate(process(golden), samplingOf(golden.settings));
    const total = Array.from(weights).reduce((sum, weight) => sum + weight, 0);
    const probabilities = new Array<number>(GOLDEN.vocabulary).fill(0);
    for (let index = 0; index < weights.length; index++) {
      probabilities[ids?.[index] ?? index] = weights[index]! / total;
    }

    const keptIds = (list: readonly number[]) => [...list.keys()].filter((id) => list[id]! > 0);
    const expected = golden.probabilities ?? [];
    expect(keptIds(probabilities)).toEqual(keptIds(expected));
    const errors = probabilities.map((value, id) => Math.abs(value - expected[id]!));
    expect(Math.max(...errors)).toBeLessThan(1e-6);
  });
});
