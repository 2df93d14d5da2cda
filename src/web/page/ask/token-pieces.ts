import type { TokenLogprob } from '../service/api-types.js';

/** A stretch of an answer, and the tokens it is made of: one, or several where they are parts of characters. */
export interface TokenPiece {
  readonly text: string;
  readonly tokens: readonly TokenLogprob[];
}

/** One of the tokens that might have stood in a place. */
interface Candidate {
  readonly text: string;
  readonly logprob: number;
  readonly role: 'chosen' | 'other';
}

/** How sure the model was, in steps that are told apart by eye. */
type Certainty = 'sure' | 'likely' | 'open' | 'doubtful' | 'unlikely';

/** A token that is part of a character has this text. */
const PART = '\uFFFD';

/**
 * Cuts an answer into its tokens. Tokens that are parts of characters come as U+FFFD; those in a row become one piece with
 * the text that they make together. The text of the last of them may be still to come.
 */
export function toPieces(text: string, tokens: readonly TokenLogprob[]): TokenPiece[] {
  const pieces: TokenPiece[] = [];
  let parts: TokenLogprob[] = [];
  let at = 0;
  for (const token of tokens) {
    const start = findToken(text, at, token.text, parts);
    if (start === undefined) {
      parts.push(token);
      continue;
    }
    if (start > at) pieces.push({ text: text.slice(at, start), tokens: parts });
    pieces.push({ text: token.text, tokens: [token] });
    parts = [];
    at = start + token.text.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), tokens: parts });
  return pieces;
}

/** Where a token stands in the text that is left; undefined where it is no text by itself. */
function findToken(
  text: string,
  at: number,
  token: string,
  parts: readonly TokenLogprob[],
): number | undefined {
  if (token === '' || token.includes(PART)) return undefined;
  // Parts make one character at least; without them a token stands exactly here.
  const hasParts = parts.some((part) => part.text.includes(PART));
  const start = hasParts ? text.indexOf(token, at + 1) : at;
  return start >= 0 && text.startsWith(token, start) ? start : undefined;
}

/** The probability of a piece: of all its tokens, one after another. */
export function probabilityOf({ tokens }: TokenPiece): number {
  return Math.exp(tokens.reduce((total, { logprob }) => total + logprob, 0));
}

/** The likeliest tokens of a step, likeliest first, and the chosen one wherever it stands. */
export function candidatesOf({ text, logprob, top }: TokenLogprob): Candidate[] {
  const at = top.findIndex((one) => one.text === text && one.logprob === logprob);
  const candidates = top.map((one, index): Candidate => ({
    ...one,
    role: index === at ? 'chosen' : 'other',
  }));
  return at < 0 ? [...candidates, { text, logprob, role: 'chosen' }] : candidates;
}

/** The step that a probability falls into. */
export function certaintyOf(probability: number): Certainty {
  if (probability >= 0.9) return 'sure';
  if (probability >= 0.6) return 'likely';
  if (probability >= 0.3) return 'open';
  return probability >= 0.1 ? 'doubtful' : 'unlikely';
}

/** Percents as they are written in the page's language, without the sign. Nothing is rounded to 0 or to 100. */
export function formatPercent(probability: number, locale: string): string {
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = probability * 100;
  if (percent < 0.1) return `< ${numbers.format(0.1)}`;
  if (percent > 99.9 && percent < 100) return `> ${numbers.format(99.9)}`;
  return numbers.format(percent);
}

/** A token by itself, with its spaces and line ends to be seen. */
export function showToken(text: string): string {
  return text.replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥');
}
