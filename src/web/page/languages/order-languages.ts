import type { Language } from '../service/api-types.js';

interface OrderedLanguages {
  readonly favourites: readonly Language[];
  readonly others: readonly Language[];
}

/** Favourites apart from the others, each by their own names in the order of the alphabet. */
export function orderLanguages(
  languages: readonly Language[],
  favourites: readonly string[],
): OrderedLanguages {
  const sorted = languages.toSorted((left, right) => left.name.localeCompare(right.name, 'en'));
  return {
    favourites: sorted.filter(({ code }) => favourites.includes(code)),
    others: sorted.filter(({ code }) => !favourites.includes(code)),
  };
}
