import { readFileSync } from 'node:fs';

import { SalamandraError } from '../errors/salamandra-error.js';

/** Kinds of text about an image. */
export const CAPTION_KINDS = ['caption', 'alt', 'long', 'keywords'] as const;

export type CaptionKind = (typeof CAPTION_KINDS)[number];

/**
 * One of the 35 European languages that Salamandra was trained on. To add a language, add its entry to languages.json.
 */
export interface Language {
  /** The code that Salamandra uses: ISO 639-1, with `no` for Bokmål and `sh` for Serbo-Croatian. */
  readonly code: string;
  /** The name in the language itself. */
  readonly name: string;
  readonly englishName: string;
}

/** An entry of languages.json: a language with the sentences that the model was trained on. */
export interface LanguageEntry extends Language {
  /** The sentence that asks for an answer in this language. */
  readonly answerIn: string;
  /** The conjunction between the last two items of a list. */
  readonly and: string;
  /** Paraphrases of each request. The service uses the first. `video` asks what happens in a video. */
  readonly instructions: Readonly<Record<CaptionKind | 'video', readonly string[]>>;
}

// Not an import: Node 20 prints a warning to stderr for every imported JSON module.
const entries = JSON.parse(
  readFileSync(new URL('./languages.json', import.meta.url), 'utf8'),
) as readonly LanguageEntry[];

const entriesByCode = new Map(entries.map((entry) => [entry.code, entry]));

/** Sorted by code. */
export const LANGUAGES: readonly Language[] = entries.map(({ code, name, englishName }) =>
  Object.freeze({ code, name, englishName }),
);

/** The codes of all languages. */
export const LANGUAGE_CODES: readonly string[] = LANGUAGES.map(({ code }) => code);

/**
 * Codes that differ from the canonical tag (CLDR). Serbian in Latin script becomes `sh`, because the model answers `sr`
 * in Cyrillic.
 */
const CODES_BY_TAG: Readonly<Record<string, string>> = { nb: 'no', 'sr-latn': 'sh' };

const LANGUAGE_TAG = /^[a-z]{2,3}(?:[-_][a-z0-9]{1,8}){0,6}$/i;

/**
 * Resolves a BCP 47 tag (RFC 5646) or an ISO 639-2 or 639-3 code: `cat` is `ca`. Regions and variants are ignored:
 * `pt-BR` is `pt`, `ca-valencia` is `ca`. Case does not matter, and `_` is accepted for `-`.
 *
 * @param offered codes of the languages of a model; see `offeredLanguages`.
 * @throws INVALID_PARAMETER if the tag is malformed, or if its language is not in LANGUAGES or not offered.
 */
export function resolveLanguage(
  tag: string,
  offered: readonly string[] = LANGUAGE_CODES,
): Language {
  const language = findLanguage(tag);
  if (!language) throw unsupportedLanguage(tag, offered);
  if (!offered.includes(language.code)) throw notOffered(language, offered);
  return language;
}

/** The language of a tag; undefined if there is none. See `resolveLanguage`. */
function findLanguage(tag: string): Language | undefined {
  if (!LANGUAGE_TAG.test(tag)) return undefined;
  const [primary = '', script = ''] = canonicalTag(tag).toLowerCase().split('-');
  const code = CODES_BY_TAG[`${primary}-${script}`] ?? CODES_BY_TAG[primary] ?? primary;
  return LANGUAGES.find((candidate) => candidate.code === code);
}

function canonicalTag(tag: string): string {
  const hyphenated = tag.replaceAll('_', '-');
  try {
    return Intl.getCanonicalLocales(hyphenated)[0] ?? hyphenated;
  } catch {
    // Subtags that RFC 5646 does not allow are ignored like all others.
    return hyphenated;
  }
}

/**
 * The codes of the languages that a model offers, in the order of LANGUAGES: those in the manifest of its package; all
 * if the manifest names none, or none of LANGUAGES.
 *
 * @param tags BCP 47 tags; null if the model does not say which languages it has.
 */
export function offeredLanguages(tags: readonly string[] | null): readonly string[] {
  const codes = new Set((tags ?? []).map((tag) => findLanguage(tag)?.code));
  const offered = LANGUAGE_CODES.filter((code) => codes.has(code));
  return offered.length === 0 ? LANGUAGE_CODES : offered;
}

/** English, or the first language of a model that does not offer it. */
export function defaultLanguage(offered: readonly string[]): string {
  return offered.includes('en') ? 'en' : (offered[0] ?? 'en');
}

/** The entry of a language in languages.json. @throws INVALID_PARAMETER if there is none */
export function languageEntry(language: Language): LanguageEntry {
  const entry = entriesByCode.get(language.code);
  if (entry) return entry;
  throw unsupportedLanguage(language.code, LANGUAGE_CODES);
}

/** @param tag repeated in the message only if it is well-formed, because it comes from the client. */
function unsupportedLanguage(tag: string, offered: readonly string[]): SalamandraError {
  const name = LANGUAGE_TAG.test(tag) ? `The language "${tag}"` : 'This language tag';
  return new SalamandraError(
    'INVALID_PARAMETER',
    `${name} is not supported. Use one of: ${offered.join(', ')}.`,
    { details: { parameter: 'language', allowed: [...offered] } },
  );
}

function notOffered({ code, englishName }: Language, offered: readonly string[]): SalamandraError {
  return new SalamandraError(
    'INVALID_PARAMETER',
    `The model has no ${englishName} (${code}). Use one of its languages: ${offered.join(', ')}.`,
    { details: { parameter: 'language', allowed: [...offered] } },
  );
}
