import { measureAgreement, measureTexts, type NamedToken, totalAgreement } from './agreement.js';
import type { ScoredPosition, ScoredPrompt } from './score-answers.js';
import type { ServerAnswer } from './server-answer.js';

const EOS = [2];
const PROMPT = { language: 'ca', hasImage: true };
const LN2 = Math.LN2;

const token = (id: number, logprob: number, top = id): NamedToken => ({
  chosen: [id],
  top: [top],
  logprob,
});
const position = (topId: number, id: number, logprob: number): ScoredPosition => ({
  topId,
  id,
  logprob,
});

function answer(tokens: number, end: ServerAnswer['end'] = 'stop'): ServerAnswer {
  const name = { kind: 'id', id: 1 } as const;
  return {
    ...{ text: 'x', end, promptTokens: 9 },
    tokens: Array.from({ length: tokens }, () => ({ chosen: name, top: null, logprob: 0 })),
  };
}

function scored(positions: readonly ScoredPosition[]): ScoredPrompt {
  return { promptTokens: 9, positions };
}

function measure(
  tokens: readonly NamedToken[],
  positions: readonly ScoredPosition[],
  server = answer(tokens.length),
) {
  return measureAgreement(PROMPT, server, tokens, scored(positions), EOS);
}

describe('measureAgreement', () => {
  it('counts the equal tokens and the end, and the differences of log-probabilities', () => {
    const tokens = [token(5, -LN2), token(6, -1), token(7, -2)];
    const positions = [
      position(5, 5, -LN2 / 2),
      position(9, 6, -1.25),
      position(7, 7, -2),
      position(2, 2, 0),
    ];

    expect(measure(tokens, positions)).toEqual({
      ...PROMPT,
      promptTokens: { own: 9, server: 9 },
      isSameAnswer: false,
      tokens: {
        ...{ positions: 4, sameTop1: 3, matching: 1, notGreedy: 0, unknown: 0 },
        differences: [LN2 / 2, 0.25, 0],
      },
    });
  });

  it('compares no end of an answer that was cut, nor one that contains its end token', () => {
    const cut = measure([token(5, 0)], [position(5, 5, 0), position(4, 4, 0)], answer(1, 'length'));
    expect(cut).toMatchObject({ isSameAnswer: true, tokens: { positions: 1 } });

    const ended = measure([token(5, 0), token(2, 0)], [position(5, 5, 0), position(2, 2, 0)]);
    expect(ended).toMatchObject({ isSameAnswer: true, tokens: { positions: 2, sameTop1: 2 } });
  });

  it('is another answer if the package continues where the server stops', () => {
    const one = measure([token(5, 0)], [position(5, 5, 0), position(8, 8, 0)]);

    expect(one).toMatchObject({ isSameAnswer: false, tokens: { positions: 2, sameTop1: 1 } });
  });

  it('compares with the most likely token of the server, also where it chose another', () => {
    const one = measure([token(5, -3, 6)], [position(6, 5, -3), position(2, 2, 0)]);

    expect(one.tokens).toMatchObject({ sameTop1: 2, notGreedy: 1, differences: [0] });
  });

  it('counts the tokens that it could not read, and calls no such answer the same', () => {
    const one = measure([token(5, 0)], [position(5, 5, 0)], answer(3));

    expect(one).toMatchObject({ isSameAnswer: false, tokens: { positions: 1, unknown: 2 } });
  });
});

it('compares texts without the space around them', () => {
  const own = scored([]);

  expect(measureTexts(PROMPT, { ...answer(0), text: ' Un gat. ' }, 'Un gat.', own)).toEqual({
    ...PROMPT,
    ...{ promptTokens: { own: 9, server: 9 }, isSameAnswer: true, tokens: null },
  });
  expect(measureTexts(PROMPT, { ...answer(0), text: 'Un gat' }, 'Un gos', own).isSameAnswer).toBe(
    false,
  );
});

describe('totalAgreement', () => {
  it('adds the prompts', () => {
    const same = measure([token(5, 0)], [position(5, 5, -1), position(2, 2, 0)]);
    const other = measure([token(5, 0, 6)], [position(7, 5, -3), position(2, 2, 0)]);
    const moved = { ...other, promptTokens: { own: 9, server: 10 } };

    expect(totalAgreement([same, moved])).toEqual({
      ...{ sameAnswers: 1, differentPrompts: 1, positions: 4, sameTop1: 3 },
      ...{ logprobDifference: { mean: 2, max: 3 }, notGreedy: 1, unknown: 0 },
    });
  });

  it('has no difference without log-probabilities', () => {
    const texts = measureTexts(PROMPT, { ...answer(0), promptTokens: null }, 'x', scored([]));

    expect(totalAgreement([texts])).toMatchObject({
      ...{ sameAnswers: 1, differentPrompts: 0, positions: 0, logprobDifference: null },
    });
  });
});
