import { resolveLanguages } from '../../engine/conversations.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { type Language, resolveLanguage } from '../../language/languages.js';

/** The languages of a body's `languages`, English without. @throws INVALID_PARAMETER naming the field. */
export function requestedLanguages(tags: readonly string[] = ['en']): Language[] {
  return naming('languages', () => resolveLanguages(tags));
}

/** The language of a body's `language`, English without. @throws INVALID_PARAMETER naming the field. */
export function requestedLanguage(tag = 'en'): Language {
  return naming('language', () => resolveLanguage(tag));
}

function naming<T>(parameter: string, resolve: () => T): T {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    const { code, publicMessage, details } = error;
    throw new SalamandraError(code, publicMessage, { details: { ...details, parameter } });
  }
}
