import type { Language } from '../service/api-types.js';

/** Browser codes of languages that the service lists under another code; the service has the same table. */
const ALIASES: Readonly<Record<string, string>> = {
  nb: 'no',
  mo: 'ro',
  hbs: 'sh',
  'sr-latn': 'sh',
};

/** The first of the browser's languages (BCP-47 tags) that the model offers; else English, else any that it offers. */
export function defaultLanguage(tags: readonly string[], offered: readonly Language[]): string {
  const codes = new Set(offered.map(({ code }) => code));
  const [first = 'en'] = codes;
  return [...tags.map(toCode), 'en'].find((code) => codes.has(code)) ?? first;
}

/** The remembered languages that the model offers, or the default language if none is left. */
export function defaultLanguages(
  remembered: readonly string[],
  tags: readonly string[],
  offered: readonly Language[],
): readonly string[] {
  const kept = remembered.filter((code) => offered.some((language) => language.code === code));
  return kept.length > 0 ? kept : [defaultLanguage(tags, offered)];
}

function toCode(tag: string): string {
  const [primary = '', script = ''] = tag.toLowerCase().split(/[-_]/);
  return ALIASES[`${primary}-${script}`] ?? ALIASES[primary] ?? primary;
}
