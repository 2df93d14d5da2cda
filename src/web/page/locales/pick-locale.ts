/** The languages of the page itself. */
export type LocaleCode = 'en' | 'es' | 'ca' | 'eu' | 'gl';

/** Each by its own name. */
export const LOCALES: readonly { readonly code: LocaleCode; readonly name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'es', name: 'Español' },
  { code: 'ca', name: 'Català' },
  { code: 'eu', name: 'Euskara' },
  { code: 'gl', name: 'Galego' },
];

/** Whether a value that storage held is a language of the page. */
export function isLocaleCode(value: unknown): value is LocaleCode {
  return LOCALES.some(({ code }) => code === value);
}

/** The first of the reader's languages (BCP-47 tags, in their order) that the page speaks, or English. */
export function pickLocale(tags: readonly string[]): LocaleCode {
  return tags.map(toLocale).find((code) => code !== undefined) ?? 'en';
}

function toLocale(tag: string): LocaleCode | undefined {
  const [language, ...subtags] = tag.toLowerCase().split(/[-_]/);
  // Some systems still write Valencian as a language, or as a variant of a region in Spanish settings.
  if (language === 'valencia' || subtags.includes('valencia')) return 'ca';
  return isLocaleCode(language) ? language : undefined;
}
