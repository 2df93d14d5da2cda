import type { TokenLogprob } from '../service/api-types.js';

/** A piece of an answer and its tokens: one, or several if they are incomplete UTF-8 sequences. */
export interface TokenPiece {
  readonly text: string;
  readonly tokens: readonly TokenLogprob[];
}

/** A candidate token of a decode step. */
interface Candidate {
  readonly text: string;
  readonly logprob: number;
  readonly role: 'chosen' | 'other';
}

/** Probability classes with distinct styles. */
type Certainty = 'sure' | 'likely' | 'open' | 'doubtful' | 'unlikely';

/** The text of a token that is an incomplete UTF-8 sequence. */
const INCOMPLETE = '\uFFFD';

/**
 * Splits an answer into pieces, one for each token. Consecutive incomplete tokens (U+FFFD) form one piece with the
 * characters that their bytes make up. During streaming, the text of the last ones may not have arrived yet.
 */
export function toPieces(text: string, tokens: readonly TokenLogprob[]): TokenPiece[] {
  const pieces: TokenPiece[] = [];
  let incomplete: TokenLogprob[] = [];
  let at = 0;
  for (const token of tokens) {
    const start = findToken(text, at, token.text, incomplete);
    if (start === undefined) {
      incomplete.push(token);
      continue;
    }
    if (start > at) pieces.push({ text: text.slice(at, start), tokens: incomplete });
    pieces.push({ text: token.text, tokens: [token] });
    incomplete = [];
    at = start + token.text.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), tokens: incomplete });
  return pieces;
}

/** The position of a token in the text from `at`. Undefined if the token is incomplete or has no text. */
function findToken(
  text: string,
  at: number,
  token: string,
  incomplete: readonly TokenLogprob[],
): number | undefined {
  if (token === '' || token.includes(INCOMPLETE)) return undefined;
  // Incomplete tokens before it make up at least one character. Without them, the token starts at `at`.
  const hasIncomplete = incomplete.some((other) => other.text.includes(INCOMPLETE));
  const start = hasIncomplete ? text.indexOf(token, at + 1) : at;
  return start >= 0 && text.startsWith(token, start) ? start : undefined;
}

/** The probability of a piece: the product of its tokens' probabilities. */
export function probabilityOf({ tokens }: TokenPiece): number {
  return Math.exp(tokens.reduce((total, { logprob }) => total + logprob, 0));
}

/**
 * The most probable tokens of a step in descending order. Includes the sampled token, at the end if it is not among
 * them.
 */
export function candidatesOf({ text, logprob, top }: TokenLogprob): Candidate[] {
  const at = top.findIndex((other) => other.text === text && other.logprob === logprob);
  const candidates = top.map((token, index): Candidate => ({
    ...token,
    role: index === at ? 'chosen' : 'other',
  }));
  return at < 0 ? [...candidates, { text, logprob, role: 'chosen' }] : candidates;
}

/** The class of a probability. */
export function certaintyOf(probability: number): Certainty {
  if (probability >= 0.9) return 'sure';
  if (probability >= 0.6) return 'likely';
  if (probability >= 0.3) return 'open';
  return probability >= 0.1 ? 'doubtful' : 'unlikely';
}

/** Formats a probability as a percentage without the sign. Never rounds to 0 or 100. */
export function formatPercent(probability: number, locale: string): string {
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = probability * 100;
  if (percent < 0.1) return `< ${numbers.format(0.1)}`;
  if (percent > 99.9 && percent < 100) return `> ${numbers.format(99.9)}`;
  return numbers.format(percent);
}

/** Replaces spaces, line breaks and tabs with visible symbols. */
export function showWhitespace(text: string): string {
  return text.replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥');
}
