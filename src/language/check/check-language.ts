import { LANGUAGE_CODES, type Language } from '../languages.js';
import { wordsOf } from './character-ngrams.js';
import { weighWord, type WordWeights } from './language-table.js';

/** Whether a text is in the language that was asked for. */
export interface LanguageCheck {
  /**
   * `other`: the text, or a part of it, is in a language of another family. `unknown`: too short to tell, or without
   * letters. Languages of one family are not told apart here: see FAMILIES.
   */
  readonly result: 'ok' | 'other' | 'unknown';
  /** Code of the most likely language, or of that of the foreign part; null without letters and in other scripts. */
  readonly looksLike: string | null;
  /** Whether only a part of the text is in another language. */
  readonly isMixed: boolean;
  /** Probability of the language that was asked for among all LANGUAGES, 0 to 1; null where `looksLike` is. */
  readonly score: number | null;
}

/**
 * Languages that short texts do not tell apart safely: one of them is never a reason to call another one wrong. Every
 * other language is a family of its own.
 */
const FAMILIES: readonly (readonly string[])[] = [
  ['da', 'nn', 'no', 'sv'],
  ['hr', 'sh', 'sl'],
  ['es', 'gl', 'pt'],
  ['ca', 'oc'],
  ['cs', 'sk'],
  ['bg', 'ru', 'sr', 'uk'],
];

/** The languages that are not written in the Latin script. */
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  bg: /\p{Script=Cyrillic}/u,
  ru: /\p{Script=Cyrillic}/u,
  sr: /\p{Script=Cyrillic}/u,
  uk: /\p{Script=Cyrillic}/u,
  el: /\p{Script=Greek}/u,
};
const LATIN = /\p{Script=Latin}/u;

/** A text below both limits is never called foreign by its n-grams: it may be a name or a loanword. */
const MIN_WORDS = 4;
const MIN_LETTERS = 20;

/** Share of the letters in the right script below which the text is in another one. */
const MIN_SCRIPT_SHARE = 0.5;

/** A text in Latin script is foreign from either of these on where another script was asked for: brands are shorter. */
const MIN_LATIN_WORDS = 3;
const MIN_LATIN_LETTERS = 12;

/** Letters that are neither in the right script nor Latin: in a text of them, and in a part of a text. */
const MIN_STRANGE_LETTERS = 4;
const MIN_STRANGE_PART = 8;

/** Probability of the other families from which a text is called foreign. */
const MIN_OTHER = 0.9;

/**
 * A foreign part has 3 to 8 words, 10 letters, and weights above those of the family by this margin.
 * `npm run evaluate:trust` prints what that finds, and what it refuses.
 */
const PART = { minWords: 3, maxWords: 8, minLetters: 10, margin: 4 };

/** Of a longer text, and of a longer word, the first characters are checked: a check takes at most 3 ms. */
const MAX_CHARACTERS = 1_500;
const MAX_WORD_CHARACTERS = 40;

interface Likelihood {
  /** Probabilities, in the order of LANGUAGE_CODES. */
  readonly probabilities: Float64Array;
  readonly best: number;
}

/**
 * Checks the script first, then the whole text, then each part of it, with the character n-grams of all 35 languages.
 * See docs/decisions/0108.
 */
export function checkLanguage(text: string, { code }: Pick<Language, 'code'>): LanguageCheck {
  const words = wordsOf(text.slice(0, MAX_CHARACTERS)).map((word) =>
    word.slice(0, MAX_WORD_CHARACTERS),
  );
  const letters = lettersOf(words);
  if (letters === 0) return { result: 'unknown', looksLike: null, isMixed: false, score: null };
  const weights = words.map(weighWord);
  const { probabilities, best } = likelihoodOf(weights);
  const family = familyOf(code);
  const inFamily = family.reduce((sum, index) => sum + (probabilities[index] ?? 0), 0);
  const score = round(probabilities[LANGUAGE_CODES.indexOf(code)] ?? 0);
  const looksLike = LANGUAGE_CODES[best] ?? null;
  const whole = { looksLike, isMixed: false, score };

  const script = checkScript(words, SCRIPTS[code] ?? LATIN);
  if (script !== 'ok') {
    const isKnown = lettersIn(words, SCRIPTS[looksLike ?? ''] ?? LATIN) > 0;
    const foreign = isKnown ? whole : { ...whole, looksLike: null, score: null };
    if (script !== 'mixed') return { result: script, ...foreign };
    return { result: 'other', ...foreign, isMixed: true };
  }
  const isLong = words.length >= MIN_WORDS || letters >= MIN_LETTERS;
  if (isLong && 1 - inFamily >= MIN_OTHER) return { result: 'other', ...whole };
  const part = findForeignPart(words, weights, family);
  if (part !== undefined) {
    return { result: 'other', looksLike: LANGUAGE_CODES[part] ?? null, isMixed: true, score };
  }
  return { result: inFamily >= 0.5 ? 'ok' : 'unknown', ...whole };
}

function lettersOf(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + word.length, 0);
}

/** Positions of a language and its relatives in LANGUAGE_CODES. */
function familyOf(code: string): readonly number[] {
  const codes = FAMILIES.find((family) => family.includes(code)) ?? [code];
  return codes.map((relative) => LANGUAGE_CODES.indexOf(relative));
}

/** `mixed`: a part of the text is in another script. `unknown`: all of it is, but it may be a name. */
function checkScript(words: readonly string[], script: RegExp): LanguageCheck['result'] | 'mixed' {
  const all = lettersIn(words, /\p{L}/u);
  const right = lettersIn(words, script);
  const latin = script === LATIN ? 0 : lettersIn(words, LATIN);
  const strange = all - right - latin;
  if (right / all >= MIN_SCRIPT_SHARE) return strange >= MIN_STRANGE_PART ? 'mixed' : 'ok';
  const isLong = words.length >= MIN_LATIN_WORDS || latin >= MIN_LATIN_LETTERS;
  return isLong || strange >= MIN_STRANGE_LETTERS ? 'other' : 'unknown';
}

function lettersIn(words: readonly string[], script: RegExp): number {
  return Array.from(words.join('')).filter((character) => script.test(character)).length;
}

/** The softmax of the summed weights. The root of the number of n-grams levels short and long texts, as in training. */
function likelihoodOf(weights: readonly WordWeights[]): Likelihood {
  const scale = 1 / Math.sqrt(weights.reduce((sum, { ngrams }) => sum + ngrams, 0));
  const logits = new Float64Array(LANGUAGE_CODES.length);
  for (const { sums } of weights) {
    for (let index = 0; index < logits.length; index += 1) {
      logits[index] = (logits[index] ?? 0) + (sums[index] ?? 0) * scale;
    }
  }
  const largest = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  const probabilities = exponentials.map((value) => value / total);
  return { probabilities, best: logits.indexOf(largest) };
}

/** The language of the words that differ most from the family, if they differ enough; undefined without such a part. */
function findForeignPart(
  words: readonly string[],
  weights: readonly WordWeights[],
  family: readonly number[],
): number | undefined {
  let margin = PART.margin;
  let language: number | undefined;
  for (let start = 0; start + PART.minWords <= words.length; start += 1) {
    const sums = new Float64Array(LANGUAGE_CODES.length);
    let letters = 0;
    let ngrams = 0;
    const end = Math.min(words.length, start + PART.maxWords);
    for (let index = start; index < end; index += 1) {
      const word = weights[index];
      if (!word) break;
      for (let each = 0; each < sums.length; each += 1) {
        sums[each] = (sums[each] ?? 0) + (word.sums[each] ?? 0);
      }
      letters += words[index]?.length ?? 0;
      ngrams += word.ngrams;
      if (index - start + 1 < PART.minWords || letters < PART.minLetters) continue;
      const rival = bestOutside(sums, family);
      const found = rival.lead / Math.sqrt(ngrams);
      if (found <= margin) continue;
      margin = found;
      language = rival.language;
    }
  }
  return language;
}

/** The best language outside a family, and its lead over the best of the family. */
function bestOutside(
  sums: Float64Array,
  family: readonly number[],
): { readonly language: number; readonly lead: number } {
  let own = -Infinity;
  let other = -Infinity;
  let language = 0;
  for (let index = 0; index < sums.length; index += 1) {
    const sum = sums[index] ?? 0;
    if (family.includes(index)) own = Math.max(own, sum);
    else if (sum > other) {
      other = sum;
      language = index;
    }
  }
  return { language, lead: other - own };
}

function round(probability: number): number {
  return Math.round(probability * 1_000) / 1_000;
}
