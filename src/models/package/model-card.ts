import { parse } from 'yaml';

/** What a model card says about a model, in the YAML block at its start (front matter). */
export interface ModelCard {
  /** License id, or `unknown`. */
  readonly licence: string;
  /** Lower-case BCP 47 tags; null if the card lists none, or only that the model is multilingual. */
  readonly languages: readonly string[] | null;
}

const FRONT_MATTER = /^---\r?\n([\s\S]*?)\r?\n---/;
/** 64 KiB, several times the largest known block: evaluation results. */
const MAX_BYTES = 64 << 10;
const LICENCE = /^[A-Za-z0-9][\w .+-]{0,63}$/;
const LANGUAGE_TAG = /^[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,6}$/;
/** The longest known list has 200 entries. */
const MAX_LANGUAGES = 400;

/** Parses a model card (`README.md`). Malformed YAML counts as no front matter: no model needs its card to run. */
export function parseModelCard(text: string): ModelCard {
  const block = FRONT_MATTER.exec(text)?.[1] ?? '';
  if (block.length > MAX_BYTES) return parseCardData(null);
  try {
    return parseCardData(parse(block));
  } catch {
    return parseCardData(null);
  }
}

/** Parses the content of the front matter; the hub's API returns it as `cardData`. */
export function parseCardData(data: unknown): ModelCard {
  const fields = typeof data === 'object' && data !== null ? data : {};
  const { license, license_name: name, language } = fields as Record<string, unknown>;
  return {
    licence: toLicence(license === 'other' ? (name ?? license) : license),
    languages: toLanguages(language),
  };
}

/** The first of several licences. */
function toLicence(value: unknown): string {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const text = typeof first === 'string' ? first.trim() : '';
  return LICENCE.test(text) ? text : 'unknown';
}

/** A list, or a single code. The codes are ISO 639-1 or 639-3, or BCP 47 tags. */
function toLanguages(value: unknown): readonly string[] | null {
  const items: unknown[] = Array.isArray(value) ? value.slice(0, MAX_LANGUAGES) : [value];
  const tags = items.flatMap((item) =>
    typeof item === 'string' ? [item.trim().toLowerCase().replaceAll('_', '-')] : [],
  );
  if (tags.some((tag) => tag === 'multilingual' || tag === 'mul')) return null;
  const languages = [...new Set(tags.filter((tag) => LANGUAGE_TAG.test(tag)))].sort();
  return languages.length === 0 ? null : languages;
}
