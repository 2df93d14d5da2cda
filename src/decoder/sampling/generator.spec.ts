import type { Detokenizer } from '../../language/detokenizer.js';
import {
  createGenerator,
  type FinishReason,
  type GenerateEvent,
  type GenerateOptions,
} from './generator.js';

const VOCABULARY = 30;
const STOP = 0;
/** Positions of the prompt. */
const PROMPT = 10;

/** Logits that make greedy sampling choose this id. */
function favour(id: number): Float32Array {
  const logits = new Float32Array(VOCABULARY);
  logits[id] = 5;
  return logits;
}

/** A decoder that says a fixed list of ids, and the letters a, b, c, ... for the ids 1, 2, 3, ... */
function scripted(script: readonly number[], maxPositions = 1000) {
  const detokenizer: Detokenizer = {
    push: (id) => String.fromCodePoint(96 + id),
    end: () => '',
  };
  const options: GenerateOptions = {
    promptIds: [],
    settings: { temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 },
    stopIds: [STOP],
    stopStrings: [],
    maxTokens: 500,
    detokenizer,
  };
  return { options, script, maxPositions, fed: [] as number[] };
}

type Scripted = ReturnType<typeof scripted>;

/** Every event of an answer; the ids that were read for it come to `fed`. */
function answer(
  { options, script, maxPositions, fed }: Scripted,
  changes: Partial<GenerateOptions> = {},
  firstLogits = favour(script[0] ?? STOP),
): GenerateEvent[] {
  const generator = createGenerator({ ...options, ...changes });
  const events = generator.acceptLogits(firstLogits, maxPositions - PROMPT);
  while (generator.nextId !== null) {
    fed.push(generator.nextId);
    const room = maxPositions - PROMPT - fed.length;
    events.push(...generator.acceptLogits(favour(script[fed.length] ?? STOP), room));
  }
  expect(generator.isOver).toBe(true);
  return events;
}

function collect(...asked: Parameters<typeof answer>) {
  const events = answer(...asked);
  const deltas = events.flatMap((event) => (event.type === 'text-delta' ? [event] : []));
  const last = events.at(-1);
  if (last?.type !== 'done') throw new Error('The answer has no end.');
  return {
    text: deltas.map(({ text }) => text).join(''),
    deltas,
    ids: last.ids,
    finishReason: last.finishReason,
  };
}

describe('createGenerator', () => {
  it('ends at a stop id, which counts and is not shown', () => {
    const asked = scripted([1, 2, 3]);

    const { text, deltas, ids, finishReason } = collect(asked);

    expect(text).toBe('abc');
    expect(deltas.map((delta) => delta.ids)).toEqual([[1], [2], [3]]);
    expect(ids).toEqual([1, 2, 3, STOP]);
    expect(finishReason).toBe('stop');
    expect(asked.fed).toEqual([1, 2, 3]);
  });

  it('cuts at a stop string that spans tokens', () => {
    const asked = scripted([1, 2, 3, 4, 5]);

    const made = collect(asked, { stopStrings: ['cd'] });

    expect(made.text).toBe('ab');
    expect(made.ids).toEqual([1, 2, 3, 4]);
    expect(made.finishReason).toBe('stop');
    expect(asked.fed).toEqual([1, 2, 3]);
  });

  it('shows text held back for a stop string that never came', () => {
    const asked = scripted([1, 2, 3]);

    const { text, deltas } = collect(asked, { stopStrings: ['cx', 'bcx'] });

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
  ])('stops after %i tokens', (maxTokens, expected, ids) => {
    const asked = scripted([1, 2, 3]);

    const made = collect(asked, { maxTokens });

    expect(made).toMatchObject({ text: expected, ids, finishReason: 'length' });
    expect(asked.fed).toEqual(ids.slice(0, -1));
  });

  it('stops when the context is full', () => {
    const asked = scripted([1, 2, 3, 4, 5], 12);

    const made = collect(asked);

    // Ten positions hold the prompt, two take answers in, and one more token is sampled after the last.
    expect(made).toMatchObject({ text: 'abc', finishReason: 'length' });
    expect(asked.fed).toEqual([1, 2]);
  });

  it('stops a model that goes round in circles', () => {
    const asked = scripted(Array.from({ length: 400 }, (_, i) => 1 + (i % 3)));

    const { finishReason, ids } = collect(asked);

    expect(finishReason).toBe('repetition');
    expect(ids).toHaveLength(96);
  });

  it('ends where it is when it is told to, and takes nothing more', () => {
    const { options } = scripted([]);
    const generator = createGenerator({ ...options, stopStrings: ['bx'] });
    expect(generator.nextId).toBeNull();
    generator.acceptLogits(favour(1), 9);
    generator.acceptLogits(favour(2), 9);

    const reasons: FinishReason[] = [];
    for (const event of generator.end('cancelled')) {
      if (event.type === 'done') reasons.push(event.finishReason);
      else expect(event.text).toBe('b');
    }
    expect(reasons).toEqual(['cancelled']);
    expect([generator.nextId, generator.isOver]).toEqual([null, true]);
    expect([...generator.end('stop'), ...generator.acceptLogits(favour(3), 9)]).toEqual([]);
  });

  it('shows what the detokenizer still holds at the end', () => {
    const asked = scripted([1, 2]);
    const detokenizer: Detokenizer = { push: () => '', end: () => 'xyz' };

    expect(collect(asked, { detokenizer }).text).toBe('xyz');
    const cut = collect(scripted([1, 2]), { detokenizer, maxTokens: 2, stopStrings: ['y'] });
    expect(cut).toMatchObject({ text: 'x', finishReason: 'stop' });
  });

  it('counts the prompt as seen', () => {
    const asked = scripted([]);
    const firstLogits = new Float32Array(VOCABULARY);
    firstLogits.set([0, 4, 3]);

    const settings = { ...asked.options.settings, repetitionPenalty: 2 };
    const { ids } = collect(asked, { promptIds: [1], settings }, firstLogits);

    expect(ids[0]).toBe(2);
  });

  it('reports the probabilities of every token but the stop id, penalties left out', () => {
    const asked = scripted([1, 2, 1]);
    const settings = { ...asked.options.settings, repetitionPenalty: 1.5 };

    const { deltas } = collect(asked, { settings, topLogprobs: 2 });

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

  it('reports tokens whose text never comes, behind the last text', () => {
    const asked = scripted([1, 2]);
    const detokenizer: Detokenizer = { push: (id) => (id === 1 ? 'a' : ''), end: () => '' };

    const { text, deltas } = collect(asked, { detokenizer, topLogprobs: 0 });

    expect(text).toBe('a');
    expect(deltas.at(-1)).toMatchObject({ text: '', ids: [2, STOP] });
    expect(deltas.at(-1)!.logprobs).toMatchObject([{ sampled: { id: 2 }, top: [] }]);
  });

  it('refuses settings out of range before the first token', () => {
    const asked = scripted([1]);
    const settings = { ...asked.options.settings, topP: 2 };

    expect(() => collect(asked, { settings })).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
    );
  });
});
