/** Letters that have no decomposition (Unicode, NFKD) and are typed without their stroke, or as two letters. */
const PLAIN_LETTERS: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ł: 'l', ħ: 'h', ı: 'i', þ: 'th', ŋ: 'n' },
  // Final sigma.
  ς: 'σ',
};
const PLAIN = new RegExp(`[${Object.keys(PLAIN_LETTERS).join('')}]`, 'gu');
const NOT_IN_WORDS = /[^\p{L}\p{N}]+/u;

/** Characters of a word that are compared. Longer ones are identifiers, hashes and the like. */
const MAX_WORD = 40;

/**
 * The different words of a text as they are searched: in lower case, without diacritics. A word is a run of letters and
 * digits; in every script.
 */
export function searchWords(text: string): string[] {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(PLAIN, (letter) => PLAIN_LETTERS[letter] ?? letter);
  const words = plain.split(NOT_IN_WORDS).filter((word) => word !== '');
  return [...new Set(words.map((word) => Array.from(word).slice(0, MAX_WORD).join('')))];
}
