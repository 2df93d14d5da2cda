import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

import { LANGUAGE_CODES } from '../languages.js';
import { rowsOf, TABLE_BITS } from './character-ngrams.js';

/** A weight of the table is this times its 8-bit integer. */
export const WEIGHT_STEP = 6 / 127;

/** The sums of a word in the language table. */
export interface WordWeights {
  /** One sum per language, in the order of LANGUAGE_CODES. */
  readonly sums: Float32Array;
  readonly ngrams: number;
}

let table: Int8Array | undefined;

/**
 * The weights of a word in each language.
 *
 * @throws RangeError if the table was made for another number of languages: run `npm run train:language-check`.
 */
export function weighWord(word: string): WordWeights {
  table ??= loadTable();
  const rows = rowsOf(word);
  const size = LANGUAGE_CODES.length;
  const sums = new Float32Array(size);
  for (const row of rows) {
    for (let language = 0; language < size; language += 1) {
      sums[language] = (sums[language] ?? 0) + (table[row * size + language] ?? 0) * WEIGHT_STEP;
    }
  }
  return { sums, ngrams: rows.length };
}

/** Int8 weights `[rows, languages]`, compressed with Brotli. Read at the first check: many processes make none. */
function loadTable(): Int8Array {
  const file = new URL('./language-table.br', import.meta.url);
  const bytes = brotliDecompressSync(readFileSync(file));
  const expected = LANGUAGE_CODES.length << TABLE_BITS;
  if (bytes.length !== expected) {
    throw new RangeError(
      `language-table.br has ${bytes.length} weights and needs ${expected}. Run npm run train:language-check.`,
    );
  }
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
