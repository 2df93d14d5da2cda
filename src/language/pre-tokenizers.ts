import { type JsonObject, checkOneOf, checkString } from '../models/package/json-fields.js';
import { compilePattern, GPT2_EXPRESSION } from '../models/package/split-expressions.js';
import { toByteLevel } from './byte-level.js';
import { findStep, listSteps } from './tokenizer-steps.js';

/** A piece of text that the model merges by itself. */
interface Piece {
  readonly text: string;
  /** Whether it begins with the first character of the whole text. */
  readonly isFirst: boolean;
}

/** Splits a normalized section into pieces as the `tokenizers` library does. */
export type PreTokenizer = (pieces: readonly Piece[]) => Piece[];

/** What becomes of the matches of a pattern. */
type Behavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

const BEHAVIORS = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const satisfies readonly Behavior[];

const NUMBER = /\p{N}/gu;
const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu;

/** By `type` in tokenizer.json. */
const STEPS: Readonly<Record<string, (json: JsonObject) => PreTokenizer>> = {
  Metaspace: createMetaspace,
  ByteLevel: createByteLevel,
  Split: (json) => {
    const pattern = compilePattern(json['pattern']);
    const behavior = checkOneOf(json['behavior'], 'pre_tokenizer.behavior', BEHAVIORS);
    return (pieces) =>
      pieces.flatMap((piece) => split(piece, pattern, behavior, json['invert'] === true));
  },
  Digits: (json) => {
    const behavior = json['individual_digits'] === true ? 'Isolated' : 'Contiguous';
    return (pieces) => pieces.flatMap((piece) => split(piece, NUMBER, behavior));
  },
  Punctuation: (json) => {
    const behavior = checkOneOf(
      json['behavior'] ?? 'Isolated',
      'pre_tokenizer.behavior',
      BEHAVIORS,
    );
    return (pieces) => pieces.flatMap((piece) => split(piece, PUNCTUATION, behavior));
  },
};

/**
 * Creates the `pre_tokenizer` of tokenizer.json.
 *
 * @throws MODEL_INVALID for a type or a regular expression that is not supported
 */
export function createPreTokenizer(json: unknown): PreTokenizer {
  const steps = listSteps(json, 'pre_tokenizer').map((step) =>
    findStep(step, 'pre_tokenizer', STEPS)(step),
  );
  return (pieces) =>
    steps.reduce((current, step) => step(current), [...pieces]).filter(({ text }) => text !== '');
}

/** Replaces spaces by `▁`, and adds one before each section (`always`), the first one (`first`) or none (`never`). */
function createMetaspace(json: JsonObject): PreTokenizer {
  const mark = checkString(json['replacement'] ?? '▁', 'pre_tokenizer.replacement', 4);
  const scheme = prependScheme(json);
  const isSplit = json['split'] !== false;
  const pattern = compilePattern({ String: mark });
  return (pieces) =>
    pieces.flatMap(({ text, isFirst }) => {
      const replaced = text.replaceAll(' ', mark);
      const isPrefixed =
        !replaced.startsWith(mark) && (scheme === 'always' || (scheme === 'first' && isFirst));
      const piece = { text: isPrefixed ? mark + replaced : replaced, isFirst };
      return isSplit ? split(piece, pattern, 'MergedWithNext') : [piece];
    });
}

/** `prepend_scheme`, or `add_prefix_space` in files older than it. */
export function prependScheme(json: JsonObject): 'always' | 'first' | 'never' {
  const fallback = json['add_prefix_space'] === false ? 'never' : 'always';
  return checkOneOf(json['prepend_scheme'] ?? fallback, 'prepend_scheme', [
    'always',
    'first',
    'never',
  ] as const);
}

/** Splits with GPT-2's expression unless `use_regex` is false, and spells each UTF-8 byte as a character. */
function createByteLevel(json: JsonObject): PreTokenizer {
  const pattern = json['use_regex'] === false ? null : compilePattern({ Regex: GPT2_EXPRESSION });
  const addsSpace = json['add_prefix_space'] !== false;
  return (pieces) =>
    pieces.flatMap((original) => {
      const isPrefixed = addsSpace && !original.text.startsWith(' ');
      const piece = isPrefixed ? { ...original, text: ` ${original.text}` } : original;
      const parts = pattern ? split(piece, pattern, 'Isolated') : [piece];
      return parts.map(({ text, isFirst }) => ({ text: toByteLevel(text), isFirst }));
    });
}

interface Span {
  readonly start: number;
  end: number;
  readonly isMatch: boolean;
}

function split(
  { text, isFirst }: Piece,
  pattern: RegExp,
  behavior: Behavior,
  isInverted = false,
): Piece[] {
  return arrange(findSpans(text, pattern, isInverted), behavior)
    .filter(({ start, end }) => end > start)
    .map(({ start, end }) => ({ text: text.slice(start, end), isFirst: isFirst && start === 0 }));
}

/** Matches and the texts between them, in order. */
function findSpans(text: string, pattern: RegExp, isInverted: boolean): Span[] {
  const spans: Span[] = [];
  let done = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (done < index) spans.push({ start: done, end: index, isMatch: isInverted });
    done = index + match.length;
    spans.push({ start: index, end: done, isMatch: !isInverted });
  }
  if (done < text.length) spans.push({ start: done, end: text.length, isMatch: isInverted });
  return spans;
}

function arrange(spans: readonly Span[], behavior: Behavior): readonly Span[] {
  switch (behavior) {
    case 'Isolated':
      return spans;
    case 'Removed':
      return spans.filter(({ isMatch }) => !isMatch);
    case 'Contiguous':
      return mergeSpans(spans, (previous, span) => previous.isMatch === span.isMatch);
    case 'MergedWithPrevious':
      return mergeSpans(spans, (previous, span) => span.isMatch && !previous.isMatch);
    case 'MergedWithNext':
      return mergeSpans(spans, (previous, span) => previous.isMatch && !span.isMatch);
  }
}

/** @param belongs whether a span is joined to the one before it; both are spans of `findSpans`. */
function mergeSpans(
  spans: readonly Span[],
  belongs: (previous: Span, span: Span) => boolean,
): Span[] {
  const merged: Span[] = [];
  spans.forEach((span, index) => {
    const previous = spans[index - 1];
    const last = merged.at(-1);
    if (previous && last && belongs(previous, span)) last.end = span.end;
    else merged.push({ ...span });
  });
  return merged;
}
