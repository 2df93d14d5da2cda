import { readFileSync } from 'node:fs';

import { SalamandraError } from '../errors/salamandra-error.js';

/** What a caller can ask to have written about a picture. */
export const CAPTION_KINDS = ['caption', 'alt', 'long', 'keywords'] as const;

export type CaptionKind = (typeof CAPTION_KINDS)[number];

/** One of the 35 European languages Salamandra was trained on. */
export interface Language {
  /** The model family's own code: ISO 639-1, with `no` for Bokmål and `sh` for Serbo-Croatian. */
  readonly code: string;
  /** The language's name for itself. */
  readonly name: string;
  readonly englishName: string;
}

/** A language with the sentences the model was taught in it. */
export interface LanguageEntry extends Language {
  /** The sentence that asks for an answer in this language. */
  readonly answerIn: string;
  /** The conjunction between the last two items of a list. */
  readonly and: string;
  /** Paraphrases of each request; the first is the one the service uses. `clip` asks what happens in a clip. */
  readonly instructions: Readonly<Record<CaptionKind | 'clip', readonly string[]>>;
}

// Read, not imported: Node 20 still warns on standard error about every imported JSON module.
const entries = JSON.parse(
  readFileSync(new URL('./languages.json', import.meta.url), 'utf8'),
) as readonly LanguageEntry[];

const entriesByCode = new Map(entries.map((entry) => [entry.code, entry]));

/** The languages in the order of their codes. */
export const LANGUAGES: readonly Language[] = entries.map(({ code, name, englishName }) =>
  Object.freeze({ code, name, englishName }),
);

/**
 * Tags that name one of the languages under another code. Serbian in Latin letters becomes `sh`, since `sr` answers
 * in Cyrillic and a tag that asks for a script should get it.
 */
const ALIASES: Readonly<Record<string, string>> = {
  nb: 'no',
  mo: 'ro',
  hbs: 'sh',
  'sr-latn': 'sh',
};

const LANGUAGE_TAG = /^[a-z]{2,3}(?:[-_][a-z0-9]{1,8}){0,6}$/i;

/**
 * Finds the language a BCP-47 tag asks for. Regions and variants are dropped (`pt-BR` is `pt`, `ca-valencia` is `ca`);
 * case and the choice of `-` or `_` do not matter.
 *
 * @throws INVALID_PARAMETER when the tag is malformed or its language is not one of the 35.
 */
export function resolveLanguage(tag: string): Language {
  if (LANGUAGE_TAG.test(tag)) {
    const [primary = '', script = ''] = tag.toLowerCase().split(/[-_]/);
    const code = ALIASES[`${primary}-${script}`] ?? ALIASES[primary] ?? primary;
    const language = LANGUAGES.find((one) => one.code === code);
    if (language) return language;
  }
  throw new SalamandraError('INVALID_PARAMETER', 'The language is not one of the supported ones.', {
    details: { parameter: 'language', allowed: LANGUAGES.map(({ code }) => code) },
  });
}

/** The sentences of a language. @throws INVALID_PARAMETER for a language this module did not hand out. */
export function languageEntry(language: Language): LanguageEntry {
  const entry = entriesByCode.get(language.code);
  if (entry) return entry;
  throw new SalamandraError('INVALID_PARAMETER', 'The language is not one of the supported ones.', {
    details: { parameter: 'language' },
  });
}
