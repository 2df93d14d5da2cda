import type { Answer, EngineEvent } from '../engine/vision-language-engine.js';
import { printTextsAsTheyCome, toLine } from './print-texts.js';
import { createTerminal } from './terminal.js';

const TIMINGS = {
  ...{ queueMs: 1, mediaDecodeMs: 1, tileMs: 1, encodeMs: 1, prefillMs: 1, decodeMs: 1 },
  ...{ firstTokenMs: 1, totalMs: 5 },
};

function delta(conversation: number, text: string): EngineEvent {
  return { type: 'text-delta', conversation, text };
}

function answer(conversation: number, text: string): Answer & { readonly type: 'answer' } {
  return {
    ...{ type: 'answer', conversation, text, finishReason: 'stop', stopReason: null },
    usage: { promptTokens: 1, imageTokens: 0, cachedTokens: 0, completionTokens: 1 },
    timings: { prefillMs: 1, decodeMs: 1, firstTokenMs: 1 },
  };
}

/** Prints events, and records the output before each of them. */
async function print(events: readonly EngineEvent[], columns: (conversation: number) => string[]) {
  let text = '';
  const before: string[] = [];
  const stdout = { write: (piece: string) => (text += piece) !== '' };
  type Output = Parameters<typeof createTerminal>[0];
  const terminal = createTerminal(stdout as unknown as Output, stdout as unknown as Output);
  async function* source() {
    for (const event of events) {
      before.push(text);
      yield await Promise.resolve(event);
    }
  }
  const outcome = await printTextsAsTheyCome(source(), columns, terminal);
  return { text, before, outcome };
}

describe('printTextsAsTheyCome', () => {
  it('prints each delta at once, and a text without columns unchanged', async () => {
    const events = [delta(0, 'a\n'), delta(0, 'dog'), answer(0, 'a\ndog')];
    const done = { type: 'done' as const, timings: TIMINGS };
    const { text, before, outcome } = await print([...events, done], () => []);

    expect(before).toEqual(['', 'a\n', 'a\ndog', 'a\ndog\n']);
    expect(text).toBe('a\ndog\n');
    expect(outcome.answers).toEqual([answer(0, 'a\ndog')]);
    expect(outcome.timings).toEqual(TIMINGS);
  });

  it('prints each text as a line with its columns, an empty text too', async () => {
    const done = { type: 'done' as const, timings: TIMINGS };
    const events = [delta(0, 'a\ndog'), answer(0, 'a\ndog'), answer(1, ''), done];
    const { text } = await print(events, (conversation) => ['x\ty.png', `t${conversation}`]);

    expect(text).toBe('x y.png\tt0\ta dog\nx y.png\tt1\t\n');
  });

  it('keeps the order of texts that are generated in one batch', async () => {
    const done = { type: 'done' as const, timings: TIMINGS };
    const events = [
      ...[delta(1, 'two'), delta(0, 'o'), delta(1, ' more'), answer(1, 'two more')],
      ...[delta(2, 'th'), delta(0, 'ne'), answer(0, 'one'), delta(2, 'ree'), answer(2, 'three')],
      done,
    ];
    const { text, before, outcome } = await print(events, (conversation) => [`t${conversation}`]);

    expect(text).toBe('t0\tone\nt1\ttwo more\nt2\tthree\n');
    expect(before.at(-3)).toBe('t0\tone\nt1\ttwo more\nt2\tth');
    expect(outcome.answers.map(({ conversation }) => conversation)).toEqual([0, 1, 2]);
  });

  it('fails if the events end without `done`', async () => {
    await expect(print([delta(0, 'a')], () => [])).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('toLine', () => {
  it('replaces tabs and line breaks in columns and text', () => {
    expect(toLine([], 'a\tb')).toBe('a\tb');
    expect(toLine(['f', 'en'], 'a\tb\n c')).toBe('f\ten\ta b c');
  });
});
