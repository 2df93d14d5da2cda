import type { Sampling } from './conversation.js';

/** How questions are asked; null leaves a value to the service. */
export interface AskSettings extends Sampling {
  /** Code of the language of answers; null for the page's. */
  readonly language: string | null;
  /** The probabilities of tokens. */
  readonly tokens: 'hidden' | 'shown';
}

/** Before anything is chosen. */
export const DEFAULT_SETTINGS: AskSettings = {
  language: null,
  temperature: null,
  seed: null,
  tokens: 'hidden',
};

/** What the service takes. */
export const MAX_TEMPERATURE = 2;
export const MAX_SEED = 0xffffffff;

/** How freely to draw when somebody wants another answer and has not said. */
const NEW_ANSWER_TEMPERATURE = 0.8;

/** New seeds stay short, to be read out and typed. */
const NEW_SEEDS = 1_000_000;

/** Whether something that was stored are settings. */
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

/** The temperature that was typed, brought to what the service takes; null for none. */
export function readTemperature(typed: string): number | null {
  const value = readNumber(typed, MAX_TEMPERATURE);
  return value === null ? null : Math.round(value * 100) / 100;
}

/** The seed that was typed, brought to what the service takes; null for none. */
export function readSeed(typed: string): number | null {
  const value = readNumber(typed, MAX_SEED);
  return value === null ? null : Math.round(value);
}

function readNumber(typed: string, most: number): number | null {
  const value = Number(typed);
  return typed.trim() === '' || Number.isNaN(value) ? null : Math.min(Math.max(value, 0), most);
}

/**
 * How another answer to the same question is drawn: with a new seed, and not always by the likeliest token.
 *
 * @param random 0 to 1
 */
export function newSampling({ temperature }: Sampling, random: number): Sampling {
  return {
    temperature: temperature ?? NEW_ANSWER_TEMPERATURE,
    seed: Math.floor(random * NEW_SEEDS),
  };
}
