/** The page languages. */
export type LocaleCode = 'en' | 'es' | 'ca' | 'eu' | 'gl';

/** The page languages with their own names. */
export const LOCALES: readonly { readonly code: LocaleCode; readonly name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'es', name: 'Español' },
  { code: 'ca', name: 'Català' },
  { code: 'eu', name: 'Euskara' },
  { code: 'gl', name: 'Galego' },
];

/** Whether a stored value is a page language. */
export function isLocaleCode(value: unknown): value is LocaleCode {
  return LOCALES.some(({ code }) => code === value);
}

/** The first of the browser's languages (BCP-47 tags) that is a page language, or English. */
export function pickLocale(tags: readonly string[]): LocaleCode {
  return tags.map(toLocale).find((code) => code !== undefined) ?? 'en';
}

function toLocale(tag: string): LocaleCode | undefined {
  const [language, ...subtags] = tag.toLowerCase().split(/[-_]/);
  // Some systems report Valencian as a language, or as a variant subtag.
  if (language === 'valencia' || subtags.includes('valencia')) return 'ca';
  return isLocaleCode(language) ? language : undefined;
}
