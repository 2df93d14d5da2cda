import type { Language } from '../service/api-types.js';

interface OrderedLanguages {
  readonly favorites: readonly Language[];
  readonly others: readonly Language[];
}

/** Separates favorites from the other languages. Both lists are sorted by own name. */
export function orderLanguages(
  languages: readonly Language[],
  favorites: readonly string[],
): OrderedLanguages {
  const sorted = languages.toSorted((left, right) => left.name.localeCompare(right.name, 'en'));
  return {
    favorites: sorted.filter(({ code }) => favorites.includes(code)),
    others: sorted.filter(({ code }) => !favorites.includes(code)),
  };
}
