import { type AlternativeTextFault, checkAlternativeText } from '../language/alternative-text.js';
import { isWrongLanguage } from '../language/check/language-check-json.js';
import type { ItemText } from './claims.js';

/** A reason to look at an item before others. */
interface Flag<T> {
  readonly name: string;
  /** Probability that a person changes something, as far as this reason tells: 0 to 1. */
  readonly weight: number;
  readonly applies: (facts: T) => boolean;
}

/** Facts about an item: its report, with the field names of the HTTP API. */
interface ItemReport {
  readonly media?: { readonly blank?: boolean };
  readonly missing?: readonly unknown[];
}

/** Reasons that concern an item as a whole. */
const ITEM_FLAGS: readonly Flag<ItemReport>[] = [
  { name: 'blank_picture', weight: 0.9, applies: ({ media }) => media?.blank === true },
  { name: 'missing_segments', weight: 0.6, applies: ({ missing = [] }) => missing.length > 0 },
];

type JudgedText = Pick<ItemText, 'language' | 'kind' | 'text' | 'finishReason'>;

/** Reasons that concern one text. */
const TEXT_FLAGS: readonly Flag<JudgedText>[] = [
  { name: 'empty', weight: 0.9, applies: ({ text }) => text.trim() === '' },
  { name: 'repetition', weight: 0.8, applies: ({ finishReason }) => finishReason === 'repetition' },
  { name: 'cut_off', weight: 0.7, applies: ({ finishReason }) => finishReason === 'length' },
  {
    name: 'wrong_language',
    weight: 0.8,
    applies: ({ text, language }) => isWrongLanguage(text, language),
  },
  { name: 'too_long', weight: 0.5, applies: (text) => hasFault(text, 'too_long') },
  { name: 'image_of', weight: 0.3, applies: (text) => hasFault(text, 'image_of') },
  { name: 'long', weight: 0.2, applies: (text) => hasFault(text, 'long') },
  { name: 'no_full_stop', weight: 0.1, applies: (text) => hasFault(text, 'no_full_stop') },
];

function hasFault({ kind, text, language }: JudgedText, fault: AlternativeTextFault): boolean {
  return kind === 'alt' && checkAlternativeText(text, language).includes(fault);
}

/** The names of all flags, and what they mean for the order of the review. */
const FLAG_WEIGHTS: ReadonlyMap<string, number> = new Map(
  [...ITEM_FLAGS, ...TEXT_FLAGS].map(({ name, weight }) => [name, weight]),
);

/** In the order of the tables. */
export const FLAG_NAMES: readonly string[] = [...FLAG_WEIGHTS.keys()];

/** @param report as it is stored with the item. */
export function flagsOfItem(report: Readonly<Record<string, unknown>>): string[] {
  return namesOf(ITEM_FLAGS, report as ItemReport);
}

export function flagsOfText(text: JudgedText): string[] {
  return namesOf(TEXT_FLAGS, text);
}

/** The probability that at least one of the reasons is a good one, as if they were independent. */
export function riskOf(flags: Iterable<string>): number {
  let isFine = 1;
  for (const name of new Set(flags)) isFine *= 1 - (FLAG_WEIGHTS.get(name) ?? 0);
  return Math.round((1 - isFine) * 1_000) / 1_000;
}

function namesOf<T>(flags: readonly Flag<T>[], facts: T): string[] {
  return flags.filter(({ applies }) => applies(facts)).map(({ name }) => name);
}
