import {
  type JsonObject,
  checkBoolean,
  checkInteger,
  checkItems,
  checkList,
  checkNumber,
  checkString,
} from './json-fields.js';
import type { GenerationDefaults } from './manifest.js';

/** Ranges of the settings, both ends included. */
export const GENERATION_RANGES = {
  temperature: { min: 0, max: 100 },
  topK: { min: 0, max: 1 << 24 },
  topP: { min: 0, max: 1 },
  minP: { min: 0, max: 1 },
  repetitionPenalty: { min: 0.01, max: 100 },
  tokens: { min: 0, max: 1 << 24 },
  ngram: { min: 0, max: 1 << 10 },
} as const;

/** Suppressed tokens, and sequences of bad words. The longest known list (of a speech model) has 90. */
const MAX_SUPPRESSED = 1 << 12;
const MAX_BAD_WORD_LENGTH = 64;

/** Stop strings of a checkpoint, and their length in characters. Each is searched at every decode step. */
const MAX_STOP_STRINGS = 16;
const MAX_STOP_LENGTH = 128;

/** Parses `generation` of a manifest. @throws MODEL_INVALID */
export function parseGenerationDefaults(json: JsonObject): GenerationDefaults {
  const label = (field: keyof GenerationDefaults) => `generation.${field}`;
  const number = (field: 'temperature' | 'topP' | 'minP' | 'repetitionPenalty') =>
    checkNumber(json[field], label(field), GENERATION_RANGES[field]);
  return {
    doSample: checkBoolean(json['doSample'], label('doSample')),
    temperature: number('temperature'),
    topK: checkInteger(json['topK'], label('topK'), GENERATION_RANGES.topK),
    topP: number('topP'),
    minP: number('minP'),
    repetitionPenalty: number('repetitionPenalty'),
    minNewTokens: checkInteger(
      json['minNewTokens'],
      label('minNewTokens'),
      GENERATION_RANGES.tokens,
    ),
    noRepeatNgramSize: checkInteger(
      json['noRepeatNgramSize'],
      label('noRepeatNgramSize'),
      GENERATION_RANGES.ngram,
    ),
    suppressTokens: checkTokenIds(json['suppressTokens'], label('suppressTokens')),
    beginSuppressTokens: checkTokenIds(json['beginSuppressTokens'], label('beginSuppressTokens')),
    badWords: checkBadWords(json['badWords'], label('badWords')),
    stopStrings: checkStopStrings(json['stopStrings'], label('stopStrings')),
  };
}

/** @throws MODEL_INVALID unless the value is a list of token ids, which may be empty. */
export function checkTokenIds(value: unknown, label: string): number[] {
  return checkItems(value, label, MAX_SUPPRESSED, checkTokenId);
}

/** @throws MODEL_INVALID unless the value is a list of non-empty lists of token ids. */
export function checkBadWords(value: unknown, label: string): number[][] {
  return checkItems(value, label, MAX_SUPPRESSED, (item, name) =>
    checkList(item, name, MAX_BAD_WORD_LENGTH, checkTokenId),
  );
}

/** @throws MODEL_INVALID unless the value is a list of non-empty strings. */
export function checkStopStrings(value: unknown, label: string): string[] {
  return checkItems(value, label, MAX_STOP_STRINGS, (item, name) =>
    checkString(item, name, MAX_STOP_LENGTH),
  );
}

function checkTokenId(value: unknown, label: string): number {
  return checkInteger(value, label, GENERATION_RANGES.tokens);
}
