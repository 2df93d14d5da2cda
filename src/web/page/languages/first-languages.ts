import type { Language } from '../service/api-types.js';

/** What browsers call languages that the service knows under another code; it has the same list. */
const ALIASES: Readonly<Record<string, string>> = {
  nb: 'no',
  mo: 'ro',
  hbs: 'sh',
  'sr-latn': 'sh',
};

/** The first of the reader's languages (BCP-47 tags, in their order) that the model was taught, or English. */
export function firstLanguage(tags: readonly string[], known: readonly Language[]): string {
  const codes = new Set(known.map(({ code }) => code));
  return tags.map(toCode).find((code) => codes.has(code)) ?? 'en';
}

/** What was chosen the last time as far as the model knows it still, or else one sensible language. */
export function firstLanguages(
  remembered: readonly string[],
  tags: readonly string[],
  known: readonly Language[],
): readonly string[] {
  const kept = remembered.filter((code) => known.some((language) => language.code === code));
  return kept.length > 0 ? kept : [firstLanguage(tags, known)];
}

function toCode(tag: string): string {
  const [primary = '', script = ''] = tag.toLowerCase().split(/[-_]/);
  return ALIASES[`${primary}-${script}`] ?? ALIASES[primary] ?? primary;
}
