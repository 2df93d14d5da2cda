import type { TokenLogprob } from '../service/api-types.js';
import {
  candidatesOf,
  certaintyOf,
  formatPercent,
  probabilityOf,
  showWhitespace,
  toPieces,
} from './token-pieces.js';

const token = (text: string, logprob = -0.5): TokenLogprob => ({ text, logprob, top: [] });
const tokens = (...texts: readonly string[]) => texts.map((text) => token(text));
const BYTE = '\uFFFD';

/** Text and number of tokens of each piece. */
const split = (text: string, ...texts: readonly string[]) =>
  toPieces(text, tokens(...texts)).map((piece) => [piece.text, piece.tokens.length]);

describe('toPieces', () => {
  it('splits a text into its tokens', () => {
    expect(split('A fox.', 'A', ' fox', '.')).toEqual([
      ['A', 1],
      [' fox', 1],
      ['.', 1],
    ]);
  });

  it('joins incomplete tokens', () => {
    expect(split('a 🦊€ b', 'a', ' ', BYTE, BYTE, BYTE, BYTE, BYTE, BYTE, BYTE, ' b')).toEqual([
      ['a', 1],
      [' ', 1],
      ['🦊€', 7],
      [' b', 1],
    ]);
    expect(split('🦊', BYTE, BYTE, BYTE, BYTE)).toEqual([['🦊', 4]]);
  });

  it('waits for text that has not arrived yet', () => {
    expect(split('a', 'a', BYTE, BYTE)).toEqual([['a', 1]]);
    expect(split('', 'a')).toEqual([]);
  });

  it('keeps invalid bytes as U+FFFD', () => {
    expect(split('a\uFFFD\uFFFDb', 'a', BYTE, BYTE, 'b')).toEqual([
      ['a', 1],
      ['\uFFFD\uFFFD', 2],
      ['b', 1],
    ]);
  });

  it('skips tokens without text', () => {
    expect(split('ab', 'a', '<|x|>', '', 'b')).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('keeps text without a matching token', () => {
    expect(split('abc', 'a')).toEqual([
      ['a', 1],
      ['bc', 0],
    ]);
  });

  it.each([
    ['A fox.', ['A', 'x', '.']],
    ['🦊🦊', [BYTE, 'zz', BYTE]],
    ['aaa', ['aa', 'aa']],
  ])('never changes the text %j', (text, texts) => {
    const pieces = toPieces(text, tokens(...texts)).map((piece) => piece.text);
    expect(pieces.join('')).toBe(text);
  });
});

describe('probabilityOf', () => {
  it('is the product of the probabilities of its tokens', () => {
    const parts = [token(BYTE, Math.log(0.5)), token(BYTE, Math.log(0.4))];
    expect(probabilityOf({ text: 'é', tokens: parts })).toBeCloseTo(0.2);
  });
});

describe('candidatesOf', () => {
  const top = [
    { text: 'a', logprob: -0.1 },
    { text: BYTE, logprob: -3 },
    { text: BYTE, logprob: -4 },
  ];

  it('marks the sampled token, also among tokens with the same text', () => {
    const roles = candidatesOf({ text: BYTE, logprob: -4, top }).map(({ role }) => role);
    expect(roles).toEqual(['other', 'other', 'chosen']);
  });

  it('appends the sampled token if it is not among the most probable ones', () => {
    expect(candidatesOf({ text: 'z', logprob: -9, top }).slice(2)).toEqual([
      { text: BYTE, logprob: -4, role: 'other' },
      { text: 'z', logprob: -9, role: 'chosen' },
    ]);
  });
});

describe('certaintyOf', () => {
  it.each([
    [1, 'sure'],
    [0.9, 'sure'],
    [0.6, 'likely'],
    [0.59, 'open'],
    [0.1, 'doubtful'],
    [0, 'unlikely'],
  ])('classifies %d as %s', (probability, certainty) => {
    expect(certaintyOf(probability)).toBe(certainty);
  });
});

describe('formatPercent', () => {
  it.each([
    [1, 'en', '100'],
    [0.99999, 'en', '> 99.9'],
    [0.9342, 'en', '93.4'],
    [0.9342, 'ca', '93,4'],
    [0.5, 'es', '50'],
    [0.0001, 'eu', '< 0,1'],
    [0, 'en', '< 0.1'],
  ])('formats %d in %s as %s', (probability, locale, text) => {
    expect(formatPercent(probability, locale)).toBe(text);
  });
});

describe('showWhitespace', () => {
  it('makes spaces, line breaks and tabs visible', () => {
    expect(showWhitespace(' fox\n\t')).toBe('␣fox⏎⇥');
  });
});
