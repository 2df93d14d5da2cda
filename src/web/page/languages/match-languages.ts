import type { Language } from '../service/api-types.js';

/** How well a language matches: by its code, by the beginning of a name, or by any part of one. */
const RANKS = ['code', 'beginning', 'part'] as const;

/**
 * The languages whose code, own name or English name matches what was typed, the best first and otherwise in their
 * order. Case and accents make no difference; an empty query matches all.
 */
export function matchLanguages<T extends Language>(languages: readonly T[], query: string): T[] {
  const wanted = foldText(query.trim());
  if (wanted === '') return [...languages];
  return RANKS.flatMap((rank) => languages.filter((one) => rankOf(one, wanted) === rank));
}

function rankOf(
  { code, name, english_name }: Language,
  wanted: string,
): (typeof RANKS)[number] | null {
  if (code === wanted) return 'code';
  const names = [foldText(name), foldText(english_name)];
  if (names.some((each) => each.startsWith(wanted))) return 'beginning';
  return names.some((each) => each.includes(wanted)) ? 'part' : null;
}

/** Text without case and accents. */
function foldText(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
