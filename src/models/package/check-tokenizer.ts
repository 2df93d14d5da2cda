import { type JsonObject, checkInteger, checkObject, parseJsonObject } from './json-fields.js';
import { invalidModel } from './invalid-model.js';
import { MAX_FILE_BYTES, PACKAGE_FILES } from './manifest.js';

/** Deep enough for every tokenizer known; the file is walked by recursion. */
const MAX_DEPTH = 16;

/**
 * One character or class, repeated or not: such an expression takes a time proportional to the text. The family's
 * tokenizers use none at all.
 */
const SIMPLE_EXPRESSION =
  /^(?:[^\\()[\]{}|*+?^$.]|\\[dDsSwWnrt]|\\p\{\w{1,24}\}|\[\^?(?:[^\\[\]]|\\[dDsSwWnrt])+\])(?:[*+?]|\{\d{0,3},?\d{0,3}\})?$/u;

/**
 * Checks what a tokenizer.json could do to the service before anything is built from it: its length, its ids
 * against the vocabulary, and its regular expressions.
 *
 * @throws MODEL_INVALID
 */
export function checkTokenizer(bytes: Uint8Array, vocabularySize: number): void {
  if (bytes.length > MAX_FILE_BYTES.tokenizer) throw invalidModel('its tokenizer is too large');
  const json = parseJsonObject(bytes, PACKAGE_FILES.tokenizer);
  const { model, added_tokens: addedTokens = [], ...steps } = json;
  const range = { min: 0, max: vocabularySize - 1 };
  const { vocab = {} } = checkObject(model ?? {}, 'tokenizer model');
  for (const id of Object.values(checkObject(vocab, 'tokenizer vocabulary'))) {
    checkInteger(id, 'token id', range);
  }
  if (!Array.isArray(addedTokens)) throw invalidModel('its added tokens are no list');
  for (const token of addedTokens) {
    checkInteger(checkObject(token, 'added token')['id'], 'token id', range);
  }
  // The vocabulary and the merges of the model are texts and never expressions.
  checkExpressions(steps, 0);
}

function checkExpressions(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw invalidModel('its tokenizer is nested too deep');
  for (const [key, item] of Object.entries(value as JsonObject)) {
    if (key === 'Regex' && !(typeof item === 'string' && SIMPLE_EXPRESSION.test(item))) {
      throw invalidModel('its tokenizer holds a regular expression that is not supported');
    }
    checkExpressions(item, depth + 1);
  }
}
