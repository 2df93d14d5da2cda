import type { Detokenizer } from '../language/detokenizer.js';
import type { Decoder } from './decoder.js';
import type { FinishReason, GenerateEvent, GenerateOptions } from './generate.js';
import { generate } from './generate.js';
import { KvCache } from './kv-cache.js';

const VOCABULARY = 30;
const STOP = 0;

/** Logits that make greedy sampling choose this id. */
function favour(id: number): Float32Array {
  const logits = new Float32Array(VOCABULARY);
  logits[id] = 5;
  return logits;
}

/** A decoder that says a fixed list of ids, and the letters a, b, c, ... for the ids 1, 2, 3, ... */
function scripted(script: readonly number[], maxPositions = 1000) {
  let step = 0;
  const fed: number[] = [];
  const cache = new KvCache({ layers: 0, keyValueHeads: 1, headDim: 2 });
  let length = 10;
  Object.defineProperty(cache, 'length', { get: () => length });
  const decoder: Decoder = {
    maxPositions,
    createCache: () => cache,
    prefill: () => Promise.reject(new Error('not used')),
    decodeStep(id) {
      fed.push(id);
      length += 1;
      step += 1;
      return Promise.resolve(favour(script[step] ?? STOP));
    },
  };
  const detokenizer: Detokenizer = {
    push: (id) => String.fromCodePoint(96 + id),
    end: () => '',
  };
  const options: GenerateOptions = {
    decoder,
    cache,
    firstLogits: favour(script[0] ?? STOP),
    promptIds: [],
    settings: { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 },
    stopIds: [STOP],
    stopStrings: [],
    maxTokens: 500,
    detokenizer,
  };
  return { options, fed };
}

async function collect(options: GenerateOptions) {
  const events: GenerateEvent[] = [];
  for await (const event of generate(options)) events.push(event);
  const deltas = events.flatMap((event) => (event.type === 'text-delta' ? [event] : []));
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error('The stream has no end.');
  return {
    text: deltas.map(({ text }) => text).join(''),
    deltas,
    ids: last.ids,
    finishReason: last.finishReason,
  };
}

describe('generate', () => {
  it('ends at a stop id, which counts and is not shown', async () => {
    const { options, fed } = scripted([1, 2, 3]);

    const { text, deltas, ids, finishReason } = await collect(options);

    expect(text).toBe('abc');
    expect(deltas.map((delta) => delta.ids)).toEqual([[1], [2], [3]]);
    expect(ids).toEqual([1, 2, 3, STOP]);
    expect(finishReason).toBe('stop');
    expect(fed).toEqual([1, 2, 3]);
  });

  it('cuts at a stop string that spans tokens', async () => {
    const { options, fed } = scripted([1, 2, 3, 4, 5]);

    const answer = await collect({ ...options, stopStrings: ['cd'] });

    expect(answer.text).toBe('ab');
    expect(answer.ids).toEqual([1, 2, 3, 4]);
    expect(answer.finishReason).toBe('stop');
    expect(fed).toEqual([1, 2, 3]);
  });

  it('shows text held back for a stop string that never came', async () => {
    const { options } = scripted([1, 2, 3]);

    const { text, deltas } = await collect({ ...options, stopStrings: ['cx', 'bcx'] });

    expect(text).toBe('abc');
    expect(deltas.at(-1)).toEqual({
      type: 'text-delta',
      text: 'bc',
      ids: [2, 3, STOP],
      logprobs: [],
    });
  });

  it.each<[number, string, number[]]>([
    [0, '', []],
    [1, 'a', [1]],
    [2, 'ab', [1, 2]],
  ])('stops after %i tokens', async (maxTokens, expected, ids) => {
    const { options, fed } = scripted([1, 2, 3]);

    const answer = await collect({ ...options, maxTokens });

    expect(answer).toMatchObject({ text: expected, ids, finishReason: 'length' });
    expect(fed).toEqual(ids.slice(0, -1));
  });

  it('stops when the context is full', async () => {
    const { options, fed } = scripted([1, 2, 3, 4, 5], 12);

    const answer = await collect(options);

    // Ten positions hold the prompt, two take answers in, and one more token is sampled after the last.
    expect(answer).toMatchObject({ text: 'abc', finishReason: 'length' });
    expect(fed).toEqual([1, 2]);
  });

  it('stops a model that goes round in circles', async () => {
    const { options } = scripted(Array.from({ length: 400 }, (_, i) => 1 + (i % 3)));

    const { finishReason, ids } = await collect(options);

    expect(finishReason).toBe('repetition');
    expect(ids).toHaveLength(96);
  });

  it('stops when it is cancelled, before the next step', async () => {
    const { options, fed } = scripted([1, 2, 3, 4]);
    const controller = new AbortController();
    const stream = generate({ ...options, signal: controller.signal });
    const reasons: FinishReason[] = [];
    for await (const event of stream) {
      if (event.type === 'done') reasons.push(event.finishReason);
      else if (event.text === 'b') controller.abort();
    }

    expect(reasons).toEqual(['cancelled']);
    expect(fed).toEqual([1]);
  });

  it('shows what the detokenizer still holds at the end', async () => {
    const { options } = scripted([1, 2]);
    const detokenizer: Detokenizer = { push: () => '', end: () => 'xyz' };

    expect((await collect({ ...options, detokenizer })).text).toBe('xyz');
    const cut = await collect({
      ...scripted([1, 2]).options,
      detokenizer,
      maxTokens: 2,
      stopStrings: ['y'],
    });
    expect(cut).toMatchObject({ text: 'x', finishReason: 'stop' });
  });

  it('counts the prompt as seen', async () => {
    const { options } = scripted([]);
    const firstLogits = new Float32Array(VOCABULARY);
    firstLogits.set([0, 4, 3]);

    const answer = await collect({
      ...options,
      firstLogits,
      promptIds: [1],
      settings: { ...options.settings, repetitionPenalty: 2 },
    });

    expect(answer.ids[0]).toBe(2);
  });

  it('reports the probabilities of every token but the stop id, penalties left out', async () => {
    const { options } = scripted([1, 2, 1]);
    const settings = { ...options.settings, repetitionPenalty: 1.5 };

    const { deltas } = await collect({ ...options, settings, topLogprobs: 2 });

    // One score of 5 over 29 of 0.
    const logprob = 5 - Math.log(Math.exp(5) + 29);
    expect(deltas.flatMap(({ logprobs }) => logprobs.map(({ sampled }) => sampled.id))).toEqual([
      1, 2, 1,
    ]);
    for (const { logprobs } of deltas) {
      expect(logprobs).toHaveLength(1);
      expect(logprobs[0]!.sampled.logprob).toBeCloseTo(logprob, 6);
      expect(logprobs[0]!.top.map(({ id }) => id)).toEqual([logprobs[0]!.sampled.id, 0]);
      expect(logprobs[0]!.top[1]!.logprob).toBeCloseTo(logprob - 5, 6);
    }
  });

  it('reports tokens whose text never comes, behind the last text', async () => {
    const { options } = scripted([1, 2]);
    const detokenizer: Detokenizer = { push: (id) => (id === 1 ? 'a' : ''), end: () => '' };

    const { text, deltas } = await collect({ ...options, detokenizer, topLogprobs: 0 });

    expect(text).toBe('a');
    expect(deltas.at(-1)).toMatchObject({ text: '', ids: [2, STOP] });
    expect(deltas.at(-1)!.logprobs).toMatchObject([{ sampled: { id: 2 }, top: [] }]);
  });

  it('refuses settings out of range before the first token', async () => {
    const { options } = scripted([1]);
    const settings = { ...options.settings, topP: 2 };

    await expect(collect({ ...options, settings })).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
    );
  });
});
