import { LANGUAGES } from '../languages.js';
import { checkLanguage, type LanguageCheck } from './check-language.js';

/** A language check with the field names of the HTTP API. */
export interface LanguageCheckJson {
  readonly result: LanguageCheck['result'];
  readonly looks_like: string | null;
  readonly mixed: boolean;
  readonly score: number | null;
}

/** @param code of the language that was asked for. Null for one that the check does not know. */
export function languageCheckJson(text: string, code: string): LanguageCheckJson | null {
  const language = LANGUAGES.find((each) => each.code === code);
  if (!language) return null;
  const { result, looksLike, isMixed, score } = checkLanguage(text, language);
  return { result, looks_like: looksLike, mixed: isMixed, score };
}

/** Whether a text is in another language than the one that was asked for. */
export function isWrongLanguage(text: string, code: string): boolean {
  return languageCheckJson(text, code)?.result === 'other';
}
