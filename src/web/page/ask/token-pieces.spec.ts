import type { TokenLogprob } from '../service/api-types.js';
import {
  candidatesOf,
  certaintyOf,
  formatPercent,
  probabilityOf,
  showToken,
  toPieces,
} from './token-pieces.js';

const token = (text: string, logprob = -0.5): TokenLogprob => ({ text, logprob, top: [] });
const tokens = (...texts: readonly string[]) => texts.map((text) => token(text));
const BYTE = '\uFFFD';

/** Each piece's text and how many tokens it has. */
const cut = (text: string, ...texts: readonly string[]) =>
  toPieces(text, tokens(...texts)).map((piece) => [piece.text, piece.tokens.length]);

describe('toPieces', () => {
  it('cuts a text into its tokens', () => {
    expect(cut('A fox.', 'A', ' fox', '.')).toEqual([
      ['A', 1],
      [' fox', 1],
      ['.', 1],
    ]);
  });

  it('joins the parts of characters', () => {
    expect(cut('a 🦊€ b', 'a', ' ', BYTE, BYTE, BYTE, BYTE, BYTE, BYTE, BYTE, ' b')).toEqual([
      ['a', 1],
      [' ', 1],
      ['🦊€', 7],
      [' b', 1],
    ]);
    expect(cut('🦊', BYTE, BYTE, BYTE, BYTE)).toEqual([['🦊', 4]]);
  });

  it('waits for text that is still to come', () => {
    expect(cut('a', 'a', BYTE, BYTE)).toEqual([['a', 1]]);
    expect(cut('', 'a')).toEqual([]);
  });

  it('keeps bytes that make no character, and a U+FFFD that was meant', () => {
    expect(cut('a\uFFFD\uFFFDb', 'a', BYTE, BYTE, 'b')).toEqual([
      ['a', 1],
      ['\uFFFD\uFFFD', 2],
      ['b', 1],
    ]);
  });

  it('passes over tokens that left no text', () => {
    expect(cut('ab', 'a', '<|x|>', '', 'b')).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('keeps text that no token explains', () => {
    expect(cut('abc', 'a')).toEqual([
      ['a', 1],
      ['bc', 0],
    ]);
  });

  it.each([
    ['A fox.', ['A', 'x', '.']],
    ['🦊🦊', [BYTE, 'zz', BYTE]],
    ['aaa', ['aa', 'aa']],
  ])('never changes the text %j', (text, texts) => {
    const made = toPieces(text, tokens(...texts)).map((piece) => piece.text);
    expect(made.join('')).toBe(text);
  });
});

describe('probabilityOf', () => {
  it('is that of all its tokens, one after another', () => {
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

  it('marks the chosen one, also among bytes that look alike', () => {
    const roles = candidatesOf({ text: BYTE, logprob: -4, top }).map(({ role }) => role);
    expect(roles).toEqual(['other', 'other', 'chosen']);
  });

  it('adds the chosen one where it was not among the likeliest', () => {
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
  ])('%d is %s', (probability, certainty) => {
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
  ])('%d in %s is %s', (probability, locale, text) => {
    expect(formatPercent(probability, locale)).toBe(text);
  });
});

describe('showToken', () => {
  it('makes spaces and line ends visible', () => {
    expect(showToken(' fox\n\t')).toBe('␣fox⏎⇥');
  });
});
