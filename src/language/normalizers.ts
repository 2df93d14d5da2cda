import { type JsonObject, checkString } from '../models/package/json-fields.js';
import { compilePattern } from '../models/package/split-expressions.js';
import { findStep, listSteps } from './tokenizer-steps.js';

/** Normalizes a text as the `tokenizers` library does. */
export type Normalizer = (text: string) => {
  readonly text: string;
  /** Whether no character was removed from the start. */
  readonly keepsStart: boolean;
};

interface Step {
  readonly normalize: (text: string) => string;
  /** Whether characters are removed from the start of this text. */
  readonly removesStart?: (text: string) => boolean;
}

const LEADING_SPACE = /^\p{White_Space}+/u;
const SPACE = /\p{White_Space}/u;

/** By `type` in tokenizer.json. */
const STEPS: Readonly<Record<string, (json: JsonObject) => Step>> = {
  Prepend: (json) => {
    const prepend = checkString(json['prepend'], 'normalizer.prepend', 64);
    return { normalize: (text) => prepend + text };
  },
  Replace: (json) => {
    const pattern = compilePattern(json['pattern']);
    const content = String(json['content']);
    return {
      normalize: (text) => text.replace(pattern, () => content),
      removesStart: (text) => content === '' && text.search(pattern) === 0,
    };
  },
  Strip: (json) => {
    const [left, right] = [json['strip_left'] !== false, json['strip_right'] !== false];
    return {
      normalize: (text) => {
        const kept = left ? text.replace(LEADING_SPACE, '') : text;
        return right ? kept.slice(0, lengthWithoutTrailingSpace(kept)) : kept;
      },
      removesStart: (text) => left && LEADING_SPACE.test(text),
    };
  },
  // Each character by itself: the reference has no rule for the final sigma.
  Lowercase: () => ({
    normalize: (text) => Array.from(text, (character) => character.toLowerCase()).join(''),
  }),
  NFC: () => ({ normalize: (text) => text.normalize('NFC') }),
  NFD: () => ({ normalize: (text) => text.normalize('NFD') }),
  NFKC: () => ({ normalize: (text) => text.normalize('NFKC') }),
  NFKD: () => ({ normalize: (text) => text.normalize('NFKD') }),
};

/**
 * Creates the `normalizer` of tokenizer.json.
 *
 * @throws MODEL_INVALID for a type or a regular expression that is not supported
 */
export function createNormalizer(json: unknown): Normalizer {
  const steps = listSteps(json, 'normalizer').map((step) =>
    findStep(step, 'normalizer', STEPS)(step),
  );
  return (original) => {
    let [text, keepsStart] = [original, true];
    for (const { normalize, removesStart } of steps) {
      // As in the reference: nothing is prepended to a section without text.
      if (text === '') break;
      keepsStart &&= removesStart?.(text) !== true;
      text = normalize(text);
    }
    return { text, keepsStart };
  };
}

/** A loop, because an expression for trailing space takes quadratic time. */
function lengthWithoutTrailingSpace(text: string): number {
  let length = text.length;
  while (length > 0 && SPACE.test(text.charAt(length - 1))) length -= 1;
  return length;
}
