import { type JsonObject, checkInteger, checkObject, parseJsonObject } from './json-fields.js';
import { invalidModel } from './invalid-model.js';
import { MAX_FILE_BYTES, PACKAGE_FILES } from './manifest.js';
import { compilePattern } from './split-expressions.js';

/** Nesting of the JSON, which is walked recursively. Known tokenizers stay below it. */
const MAX_DEPTH = 16;

/**
 * Validates `tokenizer.json` (Hugging Face tokenizers format) before it is used: file size, token ids below
 * `vocabularySize`, nesting and regular expressions.
 *
 * @throws MODEL_INVALID
 */
export function checkTokenizer(bytes: Uint8Array, vocabularySize: number): void {
  if (bytes.length > MAX_FILE_BYTES.tokenizer) {
    throw invalidModel(
      `the tokenizer has ${bytes.length} bytes (limit ${MAX_FILE_BYTES.tokenizer})`,
    );
  }
  const json = parseJsonObject(bytes, PACKAGE_FILES.tokenizer);
  const { model, added_tokens: addedTokens = [], ...steps } = json;
  const range = { min: 0, max: vocabularySize - 1 };
  const { vocab = {} } = checkObject(model ?? {}, 'model');
  for (const id of Object.values(checkObject(vocab, 'model.vocab'))) {
    checkInteger(id, 'a token id in model.vocab', range);
  }
  if (!Array.isArray(addedTokens)) throw invalidModel('added_tokens must be an array');
  for (const token of addedTokens) {
    checkInteger(checkObject(token, 'added_tokens[]')['id'], 'added_tokens[].id', range);
  }
  // `model` is skipped: vocabulary and merges contain no patterns.
  checkExpressions(steps, 0);
}

function checkExpressions(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw invalidModel(`the JSON is nested deeper than ${MAX_DEPTH} levels`);
  for (const [key, item] of Object.entries(value as JsonObject)) {
    if (key === 'Regex') compilePattern({ Regex: item });
    checkExpressions(item, depth + 1);
  }
}
