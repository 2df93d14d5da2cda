import { t } from '../locales/locale.js';
import type { LanguageCheck } from '../service/api-types.js';
import { languageOf } from '../service/service-status.js';

/** A note for a text that is not in the language that was asked for; `null` for any other. */
export function describeLanguageCheck(check: LanguageCheck | null | undefined): string | null {
  if (check?.result !== 'other') return null;
  const { otherLanguage, mixedLanguages } = t().languages;
  const found = check.looks_like === null ? undefined : languageOf(check.looks_like)?.name;
  const note = check.mixed ? mixedLanguages : otherLanguage;
  return found === undefined ? note : `${note} (${found})`;
}
