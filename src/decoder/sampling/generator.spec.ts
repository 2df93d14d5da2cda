import { GREEDY, NEUTRAL_GENERATION } from '../../../test/fakes/generation.js';
import type { Detokenizer } from '../../language/detokenizer.js';
import {
  createGenerator,
  type FinishReason,
  type GenerateEvent,
  type GenerateOptions,
} from './generator.js';

const VOCABULARY = 30;
const STOP = 0;
/** Prompt length in positions. */
const PROMPT_LENGTH = 10;

/** Logits for which greedy sampling chooses this token id. */
function logitsFor(id: number): Float32Array {
  const logits = new Float32Array(VOCABULARY);
  logits[id] = 5;
  return logits;
}

/** A decoder that samples a fixed list of token ids. The ids 1, 2, 3, ... detokenize to a, b, c, ... */
function scripted(script: readonly number[], maxPositions = 1000) {
  const detokenizer: Detokenizer = {
    push: (id) => String.fromCodePoint(96 + id),
    end: () => '',
  };
  const options: GenerateOptions = {
    promptIds: [],
    settings: GREEDY,
    excluded: NEUTRAL_GENERATION,
    eosIds: [STOP],
    stopIds: new Map([[STOP, null]]),
    stopStrings: [],
    stopText: 'cut',
    loops: 'end',
    maxTokens: 500,
    detokenizer,
  };
  return { options, script, maxPositions, fed: [] as number[] };
}

type Scripted = ReturnType<typeof scripted>;

/** Generates a whole answer and returns its events. Token ids fed to the decoder are added to `fed`. */
function answer(
  { options, script, maxPositions, fed }: Scripted,
  changes: Partial<GenerateOptions> = {},
  firstLogits = logitsFor(script[0] ?? STOP),
): GenerateEvent[] {
  const generator = createGenerator({ ...options, ...changes });
  const events = generator.acceptLogits(firstLogits, maxPositions - PROMPT_LENGTH);
  while (generator.nextId !== null) {
    fed.push(generator.nextId);
    const freePositions = maxPositions - PROMPT_LENGTH - fed.length;
    events.push(...generator.acceptLogits(logitsFor(script[fed.length] ?? STOP), freePositions));
  }
  expect(generator.isOver).toBe(true);
  return events;
}

function collect(...args: Parameters<typeof answer>) {
  const events = answer(...args);
  const deltas = events.flatMap((event) => (event.type === 'text-delta' ? [event] : []));
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error('The answer has no done event.');
  return {
    text: deltas.map(({ text }) => text).join(''),
    deltas,
    ids: last.ids,
    finishReason: last.finishReason,
    stopReason: last.stopReason,
  };
}

describe('createGenerator', () => {
  it('ends at a stop id, which counts as a token without text', () => {
    const scriptedDecoder = scripted([1, 2, 3]);

    const { text, deltas, ids, finishReason, stopReason } = collect(scriptedDecoder);

    expect(text).toBe('abc');
    expect(deltas.map((delta) => delta.ids)).toEqual([[1], [2], [3]]);
    expect(ids).toEqual([1, 2, 3, STOP]);
    expect([finishReason, stopReason]).toEqual(['stop', null]);
    expect(scriptedDecoder.fed).toEqual([1, 2, 3]);
  });

  it('cuts the text at a stop string that spans tokens', () => {
    const scriptedDecoder = scripted([1, 2, 3, 4, 5]);

    const result = collect(scriptedDecoder, { stopStrings: ['cd'] });

    expect(result.text).toBe('ab');
    expect(result.ids).toEqual([1, 2, 3, 4]);
    expect(result).toMatchObject({ finishReason: 'stop', stopReason: 'cd' });
    expect(scriptedDecoder.fed).toEqual([1, 2, 3]);
  });

  it('keeps the stop string or the text of the stop token if asked to', () => {
    const keep = { stopText: 'keep' } as const;

    expect(collect(scripted([1, 2, 3, 4]), { ...keep, stopStrings: ['bc'] }).text).toBe('abc');
    const atToken = { ...keep, stopIds: new Map([[3, 3]]) };
    expect(collect(scripted([1, 2, 3, 4]), atToken)).toMatchObject({ text: 'abc', stopReason: 3 });
  });

  it('ends at a further stop token without its text', () => {
    const result = collect(scripted([1, 2, 3, 4]), { stopIds: new Map([[3, 3]]) });

    expect(result).toMatchObject({ text: 'ab', ids: [1, 2, 3], finishReason: 'stop' });
    expect(result.stopReason).toBe(3);
  });

  it('neither ends nor looks for stop strings within minTokens', () => {
    const settings = { ...GREEDY, minTokens: 4 };
    const firstLogits = new Float32Array(VOCABULARY);
    firstLogits.set([5, 4]);

    const held = collect(scripted([STOP]), { settings, maxTokens: 4 }, firstLogits);
    expect(held.ids).not.toContain(STOP);
    expect(held).toMatchObject({ ids: { length: 4 }, finishReason: 'length' });
    const texts = collect(scripted([1, 2, 1, 2, 1, 2]), { settings, stopStrings: ['ab'] });
    expect(texts).toMatchObject({ text: 'abab', stopReason: 'ab', ids: { length: 6 } });
  });

  it('goes on to maxTokens if end-of-text tokens and loops are ignored', () => {
    const changes = { stopIds: new Map<number, null>(), loops: 'ignore', maxTokens: 300 } as const;

    const result = collect(scripted(new Array<number>(400).fill(STOP)), changes);

    expect(result).toMatchObject({ ids: { length: 300 }, finishReason: 'length' });
  });

  it('emits text held back for a stop string that did not follow', () => {
    const scriptedDecoder = scripted([1, 2, 3]);

    const { text, deltas } = collect(scriptedDecoder, { stopStrings: ['cx', 'bcx'] });

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
  ])('stops at a maxTokens of %i', (maxTokens, expected, ids) => {
    const scriptedDecoder = scripted([1, 2, 3]);

    const result = collect(scriptedDecoder, { maxTokens });

    expect(result).toMatchObject({ text: expected, ids, finishReason: 'length' });
    expect(scriptedDecoder.fed).toEqual(ids.slice(0, -1));
  });

  it('stops when the context is full', () => {
    const scriptedDecoder = scripted([1, 2, 3, 4, 5], 12);

    const result = collect(scriptedDecoder);

    // The prompt takes 10 of 12 positions and two tokens the rest. A third token is sampled without being fed.
    expect(result).toMatchObject({ text: 'abc', finishReason: 'length' });
    expect(scriptedDecoder.fed).toEqual([1, 2]);
  });

  it('stops a model that repeats itself', () => {
    const scriptedDecoder = scripted(Array.from({ length: 400 }, (_, i) => 1 + (i % 3)));

    const { finishReason, ids } = collect(scriptedDecoder);

    expect(finishReason).toBe('repetition');
    expect(ids).toHaveLength(96);
  });

  it('ends early on end() and ignores later logits', () => {
    const { options } = scripted([]);
    const generator = createGenerator({ ...options, stopStrings: ['bx'] });
    expect(generator.nextId).toBeNull();
    generator.acceptLogits(logitsFor(1), 9);
    generator.acceptLogits(logitsFor(2), 9);

    const reasons: FinishReason[] = [];
    for (const event of generator.end('cancelled')) {
      if (event.type === 'done') reasons.push(event.finishReason);
      else expect(event.text).toBe('b');
    }
    expect(reasons).toEqual(['cancelled']);
    expect([generator.nextId, generator.isOver]).toEqual([null, true]);
    expect([...generator.end('stop'), ...generator.acceptLogits(logitsFor(3), 9)]).toEqual([]);
  });

  it('emits the text that the detokenizer holds at the end', () => {
    const scriptedDecoder = scripted([1, 2]);
    const detokenizer: Detokenizer = { push: () => '', end: () => 'xyz' };

    expect(collect(scriptedDecoder, { detokenizer }).text).toBe('xyz');
    const stopped = collect(scripted([1, 2]), { detokenizer, maxTokens: 2, stopStrings: ['y'] });
    expect(stopped).toMatchObject({ text: 'x', finishReason: 'stop' });
  });

  it('applies the repetition penalty to prompt ids', () => {
    const scriptedDecoder = scripted([]);
    const firstLogits = new Float32Array(VOCABULARY);
    firstLogits.set([0, 4, 3]);

    const settings = { ...scriptedDecoder.options.settings, repetitionPenalty: 2 };
    const { ids } = collect(scriptedDecoder, { promptIds: [1], settings }, firstLogits);

    expect(ids[0]).toBe(2);
  });

  it('reports log-probabilities before penalties for every token except the stop id', () => {
    const scriptedDecoder = scripted([1, 2, 1]);
    const settings = { ...scriptedDecoder.options.settings, repetitionPenalty: 1.5 };

    const { deltas } = collect(scriptedDecoder, { settings, topLogprobs: 2 });

    // One logit of 5 and 29 of 0.
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

  it('reports tokens without text in a last delta', () => {
    const scriptedDecoder = scripted([1, 2]);
    const detokenizer: Detokenizer = { push: (id) => (id === 1 ? 'a' : ''), end: () => '' };

    const { text, deltas } = collect(scriptedDecoder, { detokenizer, topLogprobs: 0 });

    expect(text).toBe('a');
    expect(deltas.at(-1)).toMatchObject({ text: '', ids: [2, STOP] });
    expect(deltas.at(-1)!.logprobs).toMatchObject([{ sampled: { id: 2 }, top: [] }]);
  });

  it('refuses settings out of range before the first token', () => {
    const scriptedDecoder = scripted([1]);
    const settings = { ...scriptedDecoder.options.settings, topP: 2 };

    expect(() => collect(scriptedDecoder, { settings })).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
    );
  });
});
