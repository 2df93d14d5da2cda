import type { Sampling } from './conversation.js';

/** The settings of the Ask tab. `null` values use the default of the service. */
export interface AskSettings extends Sampling {
  /** Code of the answer language; `null` for the page language. */
  readonly language: string | null;
  /** Whether answers show the probabilities of their tokens. */
  readonly tokens: 'hidden' | 'shown';
}

export const DEFAULT_SETTINGS: AskSettings = {
  language: null,
  temperature: null,
  seed: null,
  tokens: 'hidden',
};

/** The limits of the service. */
export const MAX_TEMPERATURE = 2;
export const MAX_SEED = 0xffffffff;

/** Temperature of a new answer if none is set: greedy decoding would return the same text. */
const NEW_ANSWER_TEMPERATURE = 0.8;

/** Exclusive maximum of new seeds: six digits are easy to type. */
const NEW_SEED_LIMIT = 1_000_000;

/** Whether a stored value is a valid set of settings. */
export function isAskSettings(value: unknown): value is AskSettings {
  if (typeof value !== 'object' || value === null) return false;
  const { language, temperature, seed, tokens } = value as Record<keyof AskSettings, unknown>;
  return (
    (language === null || typeof language === 'string') &&
    (temperature === null || isWithin(temperature, MAX_TEMPERATURE)) &&
    (seed === null || (isWithin(seed, MAX_SEED) && Number.isInteger(seed))) &&
    (tokens === 'hidden' || tokens === 'shown')
  );
}

function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= most;
}

/** Parses a typed temperature and clamps it to the limits. `null` for an empty or invalid text. */
export function parseTemperature(typed: string): number | null {
  const value = parseNumber(typed, MAX_TEMPERATURE);
  return value === null ? null : Math.round(value * 100) / 100;
}

/** Parses a typed seed and clamps it to the limits. `null` for an empty or invalid text. */
export function parseSeed(typed: string): number | null {
  const value = parseNumber(typed, MAX_SEED);
  return value === null ? null : Math.round(value);
}

function parseNumber(typed: string, most: number): number | null {
  const value = Number(typed);
  return typed.trim() === '' || Number.isNaN(value) ? null : Math.min(Math.max(value, 0), most);
}

/**
 * Sampling settings for another answer to the same question: a new seed and a temperature above 0.
 *
 * @param random 0 (inclusive) to 1 (exclusive)
 */
export function newSampling({ temperature }: Sampling, random: number): Sampling {
  return {
    temperature: temperature ?? NEW_ANSWER_TEMPERATURE,
    seed: Math.floor(random * NEW_SEED_LIMIT),
  };
}
