import type { Normalizer } from './normalizers.js';
import { TaintedText } from './tainted-text.js';

/** An entry of `added_tokens` in tokenizer.json: a token that is matched in the text, before the model splits it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** It controls the model: user text must never be encoded as it. */
  readonly isControl: boolean;
  /** Matched after normalization, with its content normalized too. */
  readonly isNormalized: boolean;
  /** Matched only where no word character precedes or follows. */
  readonly isSingleWord: boolean;
  /** `lstrip` and `rstrip`: whether the token absorbs white space before it, or after it. */
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** A part of a text: an added token, or text for the pre-tokenizer. */
export type Section =
  | { readonly kind: 'token'; readonly id: number }
  | {
      readonly kind: 'text';
      /** Normalized. */
      readonly text: string;
      /** Whether it begins with the first character of the whole text. */
      readonly isFirst: boolean;
    };

/** `\w` and `\s` of the Rust crate `regex`. */
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /\p{White_Space}/u;

/**
 * Splits texts at added tokens and normalizes the rest, in the order of the `tokenizers` library: tokens that are not
 * normalized first, in the text as it is; then the others, in each normalized section. The longest token wins. Control
 * tokens match only characters that the template wrote.
 */
export function createSectionSplitter(
  tokens: readonly AddedToken[],
  normalizer: Normalizer,
): (text: TaintedText) => Section[] {
  const plain = createTrie(tokens.filter(({ isNormalized }) => !isNormalized));
  const normalized = createTrie(
    tokens
      .filter(({ isNormalized }) => isNormalized)
      .map((token) => ({ ...token, content: normalizer(token.content).text })),
  );
  const needsOrigin = tokens.some(({ isNormalized, isControl }) => isNormalized && isControl);

  return (whole) =>
    splitAt(whole, plain).flatMap((part): Section[] => {
      if (part.kind === 'token') return [part];
      const result = normalizer(whole.text.slice(part.start, part.end));
      const text = needsOrigin
        ? normalizeTainted(whole.slice(part.start, part.end), result.text, normalizer)
        : TaintedText.fromUser(result.text);
      return splitAt(text, normalized).map((inner): Section => {
        if (inner.kind === 'token') return inner;
        const isFirst = part.start === 0 && inner.start === 0 && result.keepsStart;
        return { kind: 'text', text: result.text.slice(inner.start, inner.end), isFirst };
      });
    });
}

interface TrieNode {
  readonly next: Map<string, TrieNode>;
  token?: AddedToken;
}

function createTrie(tokens: readonly AddedToken[]): TrieNode {
  const root: TrieNode = { next: new Map() };
  for (const token of tokens) {
    let node = root;
    for (const unit of token.content.split('')) {
      const next: TrieNode = node.next.get(unit) ?? { next: new Map() };
      node.next.set(unit, next);
      node = next;
    }
    if (node !== root) node.token = token;
  }
  return root;
}

type Part =
  | { readonly kind: 'token'; readonly id: number }
  | { readonly kind: 'text'; readonly start: number; readonly end: number };

function splitAt(tainted: TaintedText, trie: TrieNode): Part[] {
  const { text } = tainted;
  const parts: Part[] = [];
  let done = 0;
  for (let position = 0; position < text.length;) {
    const token = longestToken(tainted, trie, position);
    if (!token) {
      position += 1;
      continue;
    }
    let start = position;
    let end = position + token.contentLength;
    position = end;
    if (token.isSingleWord && isInsideWord(text, start, end)) continue;
    if (token.stripsLeft) while (start > done && SPACE.test(text.charAt(start - 1))) start -= 1;
    if (token.stripsRight) while (SPACE.test(text.charAt(end))) end += 1;
    if (done < start) parts.push({ kind: 'text', start: done, end: start });
    parts.push({ kind: 'token', id: token.id });
    done = end;
  }
  if (done < text.length) parts.push({ kind: 'text', start: done, end: text.length });
  return parts;
}

/** Whether a word character precedes the start or follows the end. */
function isInsideWord(text: string, start: number, end: number): boolean {
  const before = Array.from(text.slice(Math.max(0, start - 2), start)).at(-1) ?? '';
  const after = Array.from(text.slice(end, end + 2))[0] ?? '';
  return WORD.test(before) || WORD.test(after);
}

function longestToken(
  tainted: TaintedText,
  trie: TrieNode,
  start: number,
): (AddedToken & { readonly contentLength: number }) | undefined {
  const { text } = tainted;
  let found: (AddedToken & { readonly contentLength: number }) | undefined;
  let node: TrieNode | undefined = trie;
  for (let end = start; node; end++) {
    const { token }: TrieNode = node;
    if (token && (!token.isControl || tainted.isFromTemplate(start, end))) {
      found = { ...token, contentLength: end - start };
    }
    node = node.next.get(text[end] ?? '');
  }
  return found;
}

/**
 * The normalized text with its origins. A character that normalization composed from both origins counts as the
 * user's.
 *
 * @param normalized the result for the whole text
 */
function normalizeTainted(
  section: TaintedText,
  normalized: string,
  normalizer: Normalizer,
): TaintedText {
  const parts: TaintedText[] = [];
  let read = 0;
  let done = 0;
  for (const { text, isUser } of section.runs) {
    read += text.length;
    const prefix = normalizer(section.text.slice(0, read)).text;
    const common = commonPrefixLength(prefix, normalized);
    // The code unit after the common part mixes both runs if the prefix does not continue like the whole.
    const end = isUser && common < prefix.length ? common + 2 : common;
    const part = normalized.slice(done, Math.max(done, end));
    parts.push(isUser ? TaintedText.fromUser(part) : TaintedText.fromTemplate(part));
    done = Math.max(done, end);
  }
  parts.push(TaintedText.fromUser(normalized.slice(done)));
  return TaintedText.concat(parts);
}

function commonPrefixLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1;
  return length;
}
