import type { Language } from '../service/api-types.js';

/** Kinds of match, best first: the code, the prefix of a name, any substring of a name. */
const RANKS = ['code', 'prefix', 'substring'] as const;

/**
 * The languages whose code, own name or English name matches the query, sorted by rank and otherwise in the given
 * order. Ignores case and accents. An empty query matches all.
 */
export function matchLanguages<T extends Language>(languages: readonly T[], query: string): T[] {
  const folded = foldText(query.trim());
  if (folded === '') return [...languages];
  return RANKS.flatMap((rank) => languages.filter((language) => rankOf(language, folded) === rank));
}

function rankOf(
  { code, name, english_name }: Language,
  query: string,
): (typeof RANKS)[number] | null {
  if (code === query) return 'code';
  const names = [foldText(name), foldText(english_name)];
  if (names.some((each) => each.startsWith(query))) return 'prefix';
  return names.some((each) => each.includes(query)) ? 'substring' : null;
}

/** Lowercase text without accents. */
function foldText(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
