/** Longest n-gram, in characters. Longer words add one feature of the whole word. */
const MAX_LENGTH = 5;

/** Multiplier and start of FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
const FNV_PRIME = 0x01000193;
const FNV_START = 0x811c9dc5;

/** A second start, so that whole words do not meet n-grams of the same characters. */
const WORD_START = 0x01234567;

/** Rows of the language table as a power of two: 16,384 rows of one weight per language. */
export const TABLE_BITS = 14;

/** The words of a text in lower case: letters with their marks, and apostrophes. A lone surrogate is left out. */
export function wordsOf(text: string): string[] {
  const letters = text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[’‘`´]/g, "'")
    .replaceAll(/[^\p{L}\p{M}']+/gu, ' ');
  return letters.split(' ').filter((word) => /\p{L}/u.test(word));
}

/** The rows of the language table that a word counts in: those of its n-grams. A space marks each end of the word. */
export function rowsOf(word: string): number[] {
  const characters = Array.from(` ${word} `, (character) => character.codePointAt(0) ?? 0);
  const rows: number[] = [];
  for (let start = 0; start < characters.length; start += 1) {
    let hash = FNV_START;
    const end = Math.min(characters.length, start + MAX_LENGTH);
    for (let index = start; index < end; index += 1) {
      hash = Math.imul(hash ^ (characters[index] ?? 0), FNV_PRIME);
      hash ^= hash >>> 15;
      const isSpace = index === start && characters[index] === 0x20;
      if (!isSpace) rows.push(toRow(hash ^ Math.imul(index - start + 1, 0x9e3779b1)));
    }
  }
  if (characters.length > MAX_LENGTH) {
    let hash = WORD_START;
    for (const character of characters) {
      hash = Math.imul(hash ^ character, FNV_PRIME);
      hash ^= hash >>> 13;
    }
    rows.push(toRow(hash));
  }
  return rows;
}

function toRow(hash: number): number {
  return (Math.imul(hash, 0x85ebca6b) >>> 7) & ((1 << TABLE_BITS) - 1);
}
