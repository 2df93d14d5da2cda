import { checkObject } from './json-fields.js';
import { invalidModel } from './invalid-model.js';

/**
 * Contractions in either case. The engine of the `tokenizers` library (Oniguruma) also folds the long s (ſ) to s.
 *
 * @see `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
 */
const CONTRACTION = "'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";

const UPPER = '\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}';
const LOWER = '\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}';
const CAMEL = [
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]*[${LOWER}]+`,
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]+[${LOWER}]*`,
] as const;
/** White space and symbols, as all published expressions since GPT-4 end. */
const TAIL = '\\p{White_Space}*[\\r\\n]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+';
const SYMBOLS = ' ?[^\\p{White_Space}\\p{L}\\p{N}]+';

/** The expression of GPT-2, which `ByteLevel` pre-tokenizers use. */
export const GPT2_EXPRESSION =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * Expressions of published tokenizers, each with its JavaScript form. Other expressions are refused unless they are a
 * single class: matching a hostile one could take exponential time. All of these consume a run of characters in one
 * match, so that they take linear time.
 */
const PUBLISHED: Readonly<Record<string, string>> = {
  [GPT2_EXPRESSION]: `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|${SYMBOLS}|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+`,
  // Llama 3
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+": `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|${SYMBOLS}[\\r\\n]*|${TAIL}`,
  // Qwen2, Qwen3
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+": `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|${SYMBOLS}[\\r\\n]*|${TAIL}`,
  // Qwen3.5
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+": `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\p{White_Space}\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${TAIL}`,
  // GPT-4o, Llama 4
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+": `${CAMEL[0]}(?:${CONTRACTION})?|${CAMEL[1]}(?:${CONTRACTION})?|\\p{N}{1,3}|${SYMBOLS}[\\r\\n/]*|${TAIL}`,
  // Mistral (Tekken), Apertus
  '[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+': `${CAMEL[0]}|${CAMEL[1]}|\\p{N}|${SYMBOLS}[\\r\\n/]*|${TAIL}`,
};

/**
 * One character or character class with an optional quantifier: matches in linear time. `\w` is missing because the
 * reference's set of word characters has no equivalent here.
 */
const SIMPLE_EXPRESSION =
  /^(?:[^\\()[\]{}|*+?^$.]|\\[dDsSnrt]|\\p\{\w{1,24}\}|\[\^?(?:[^\\[\]&]|\\[dDsSnrt]|\\p\{\w{1,24}\})+\])(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?$/u;

/** Escapes whose meaning differs: Oniguruma's are those of Unicode. */
const UNICODE_ESCAPES: Readonly<Record<string, string>> = {
  '\\s': '\\p{White_Space}',
  '\\S': '\\P{White_Space}',
  '\\d': '\\p{Nd}',
  '\\D': '\\P{Nd}',
};

/** Properties that Oniguruma and JavaScript both have as general categories. */
const CATEGORY = /^(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfo])$/;
/** Scripts, which JavaScript spells `Script=Han`. */
const SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Hangul', 'Latin', 'Greek', 'Cyrillic', 'Thai'];

/**
 * Compiles a `pattern` of tokenizer.json, `{"String": …}` or `{"Regex": …}`, with the flags `gu`.
 *
 * @throws MODEL_INVALID for any expression but the published ones and single classes
 */
export function compilePattern(pattern: unknown): RegExp {
  const { String: literal, Regex: expression } = checkObject(pattern, 'pattern');
  if (typeof literal === 'string' && literal !== '')
    return new RegExp(escapeLiteral(literal), 'gu');
  if (typeof expression !== 'string') {
    throw invalidModel('pattern must contain a String or a Regex');
  }
  const source = Object.hasOwn(PUBLISHED, expression)
    ? PUBLISHED[expression]
    : translateSimple(expression);
  if (source === undefined) {
    throw invalidModel(
      `the regular expression of ${expression.length} characters is not supported. Supported are single character classes and the expressions of GPT-2, GPT-4o, Llama 3, Qwen2, Qwen3.5 and Mistral (Tekken)`,
    );
  }
  return new RegExp(source, 'gu');
}

function translateSimple(expression: string): string | undefined {
  const properties = [...expression.matchAll(/\\p\{(\w+)\}/g)].map(([, name = '']) => name);
  const isKnown = properties.every((name) => CATEGORY.test(name) || SCRIPTS.includes(name));
  if (!SIMPLE_EXPRESSION.test(expression) || !isKnown) return undefined;
  const source = expression
    .replace(/\\[dDsS]/g, (escape) => UNICODE_ESCAPES[escape] ?? escape)
    .replace(/\\p\{(\w+)\}/g, (escape, name: string) =>
      SCRIPTS.includes(name) ? `\\p{Script=${name}}` : escape,
    );
  try {
    return new RegExp(source, 'gu').source;
  } catch {
    // For example a range in the wrong order.
    return undefined;
  }
}

function escapeLiteral(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
