import type { Language } from '../service/api-types.js';

/** Browser codes of languages that the service lists under another code; the service has the same table. */
const ALIASES: Readonly<Record<string, string>> = {
  nb: 'no',
  mo: 'ro',
  hbs: 'sh',
  'sr-latn': 'sh',
};

/** The first of the browser's languages (BCP-47 tags) that the service lists, or English. */
export function defaultLanguage(tags: readonly string[], known: readonly Language[]): string {
  const codes = new Set(known.map(({ code }) => code));
  return tags.map(toCode).find((code) => codes.has(code)) ?? 'en';
}

/** The remembered languages that the service still lists, or the default language if none is left. */
export function defaultLanguages(
  remembered: readonly string[],
  tags: readonly string[],
  known: readonly Language[],
): readonly string[] {
  const kept = remembered.filter((code) => known.some((language) => language.code === code));
  return kept.length > 0 ? kept : [defaultLanguage(tags, known)];
}

function toCode(tag: string): string {
  const [primary = '', script = ''] = tag.toLowerCase().split(/[-_]/);
  return ALIASES[`${primary}-${script}`] ?? ALIASES[primary] ?? primary;
}
