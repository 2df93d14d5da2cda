import { SalamandraError } from '../errors/salamandra-error.js';
import { type Language, LANGUAGES, resolveLanguage } from '../language/languages.js';

/** Every environment variable of this project, those of its tests and benchmarks included. */
const VARIABLES = [
  'SALAMANDRA_ALLOWED_HOSTS',
  'SALAMANDRA_BENCH_HOME',
  'SALAMANDRA_CACHE_MB',
  'SALAMANDRA_CHAT_MB',
  'SALAMANDRA_TEMPORARY_MB',
  'SALAMANDRA_UPLOAD_MB',
  'SALAMANDRA_WEBHOOK_ORIGINS',
  'SALAMANDRA_CHROMIUM',
  'SALAMANDRA_DISK_CACHE_MB',
  'SALAMANDRA_FFMPEG',
  'SALAMANDRA_HOME',
  'SALAMANDRA_IMAGE_MB',
  'SALAMANDRA_IMAGE_MEGAPIXELS',
  'SALAMANDRA_JOB_ROOTS',
  'SALAMANDRA_MEDIA_DOMAINS',
  'SALAMANDRA_MEDIA_URLS',
  'SALAMANDRA_MEMORY_MB',
  'SALAMANDRA_MODEL',
  'SALAMANDRA_OPEN',
  'SALAMANDRA_PRECISION',
  'SALAMANDRA_SHARED_CACHE',
  'SALAMANDRA_THREADS',
  'SALAMANDRA_TRUSTED_PROXIES',
] as const;

/** Edits (insert, delete, replace a character) up to which a word counts as misspelt. */
const MAX_EDITS = 2;

/**
 * A warning for each variable that begins with SALAMANDRA_ and is not known: it has no effect, and is most likely
 * misspelt.
 */
export function unknownVariableWarnings(
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('SALAMANDRA_') && !VARIABLES.some((known) => known === name))
    .map((name) => {
      const similar = nearest(name, VARIABLES);
      const hint = similar === undefined ? '' : ` Did you mean ${similar}?`;
      return `Warning: the environment variable ${name} is unknown and has no effect.${hint}`;
    });
}

/** The languages of `--languages`; `all` are those of the model, which are known once it is loaded. */
export type LanguageChoice = readonly Language[] | 'all';

/**
 * Parses `--languages`: codes separated by commas, or `all`. Each language once, in the given order.
 *
 * @throws INVALID_PARAMETER with a suggestion for names such as "catalan".
 */
export function parseLanguages(text: string): LanguageChoice {
  if (text.trim().toLowerCase() === 'all') return 'all';
  return [...new Set(text.split(',').map((tag) => parseLanguage(tag.trim())))];
}

/**
 * The chosen languages of a model.
 *
 * @param offered codes of its languages.
 * @throws INVALID_PARAMETER for one that it does not have.
 */
export function chooseLanguages(choice: LanguageChoice, offered: readonly string[]): Language[] {
  const codes = choice === 'all' ? offered : choice.map(({ code }) => code);
  return codes.map((code) => resolveLanguage(code, offered));
}

/** Parses one language code. @throws INVALID_PARAMETER with a suggestion for names such as "catalan". */
export function parseLanguage(tag: string): Language {
  try {
    return resolveLanguage(tag);
  } catch (cause) {
    const similar = findLanguageByName(tag);
    const hint = similar
      ? `Did you mean ${similar.code} (${similar.englishName})?`
      : `Use a code: ${LANGUAGES.map(({ code }) => code).join(', ')}.`;
    throw new SalamandraError('INVALID_PARAMETER', `Unknown language "${tag}". ${hint}`, { cause });
  }
}

/** Whether a word is exactly one of the language codes. */
export function isLanguageCode(word: string): boolean {
  return LANGUAGES.some(({ code }) => code === word);
}

/** Finds a language by its English name or its own name; English names may be misspelt. */
function findLanguageByName(text: string): Language | undefined {
  const wanted = text.toLowerCase();
  const exact = LANGUAGES.find(
    ({ englishName, name }) =>
      englishName.toLowerCase() === wanted || name.toLowerCase() === wanted,
  );
  if (exact || wanted.length < 4) return exact;
  const similar = nearest(
    wanted,
    LANGUAGES.map(({ englishName }) => englishName.toLowerCase()),
  );
  return LANGUAGES.find(({ englishName }) => englishName.toLowerCase() === similar);
}

/** The most similar candidate; undefined if none is within MAX_EDITS. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  const distances = candidates.map((candidate) => editDistance(word, candidate));
  const least = Math.min(...distances);
  return least <= MAX_EDITS ? candidates[distances.indexOf(least)] : undefined;
}

/** Levenshtein distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
