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

/**
 * Other tags of the languages. Serbian in Latin script becomes `sh`, because the model answers `sr` in Cyrillic.
 */
const ALIASES: Readonly<Record<string, string>> = {
  nb: 'no',
  mo: 'ro',
  hbs: 'sh',
  'sr-latn': 'sh',
};

const LANGUAGE_TAG = /^[a-z]{2,3}(?:[-_][a-z0-9]{1,8}){0,6}$/i;

/**
 * Resolves a BCP 47 tag (RFC 5646). Regions and variants are ignored: `pt-BR` is `pt`, `ca-valencia` is `ca`. Case does
 * not matter, and `_` is accepted for `-`.
 *
 * @throws INVALID_PARAMETER if the tag is malformed or its language is not in LANGUAGES
 */
export function resolveLanguage(tag: string): Language {
  if (LANGUAGE_TAG.test(tag)) {
    const [primary = '', script = ''] = tag.toLowerCase().split(/[-_]/);
    const code = ALIASES[`${primary}-${script}`] ?? ALIASES[primary] ?? primary;
    const language = LANGUAGES.find((candidate) => candidate.code === code);
    if (language) return language;
  }
  throw unsupportedLanguage(tag);
}

/** The entry of a language in languages.json. @throws INVALID_PARAMETER if there is none */
export function languageEntry(language: Language): LanguageEntry {
  const entry = entriesByCode.get(language.code);
  if (entry) return entry;
  throw unsupportedLanguage(language.code);
}

/** @param tag repeated in the message only if it is well-formed, because it comes from the client. */
function unsupportedLanguage(tag: string): SalamandraError {
  const name = LANGUAGE_TAG.test(tag) ? `The language "${tag}"` : 'This language tag';
  const allowed = LANGUAGES.map(({ code }) => code);
  return new SalamandraError(
    'INVALID_PARAMETER',
    `${name} is not supported. Use one of: ${allowed.join(', ')}.`,
    { details: { parameter: 'language', allowed } },
  );
}
