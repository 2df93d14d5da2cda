import {
  type JsonObject,
  checkBoolean,
  checkInteger,
  checkNumber,
  describeValue,
} from '../../package/json-fields.js';
import { checkingFile } from '../../package/invalid-model.js';
import type { GenerationDefaults } from '../../package/manifest.js';
import {
  checkBadWords,
  checkStopStrings,
  checkTokenIds,
  GENERATION_RANGES,
} from '../../package/parse-generation-defaults.js';

/** The file that holds the generation settings of a checkpoint, with its fields. */
export interface GenerationFile {
  readonly name: 'generation_config.json' | 'config.json';
  readonly json: JsonObject;
}

/**
 * Finds the generation settings as `from_pretrained` of transformers 5.24 does: in `generation_config.json` alone if
 * the checkpoint has it, otherwise in `config.json`, where a field at the root precedes the one in `text_config`.
 *
 * @param generation `{}` if the checkpoint has no `generation_config.json`.
 */
export function findGenerationFile(config: JsonObject, generation: JsonObject): GenerationFile {
  if (Object.keys(generation).length > 0) {
    return { name: 'generation_config.json', json: generation };
  }
  const text = config['text_config'];
  const nested = typeof text === 'object' && text !== null ? text : {};
  const root = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
  return { name: 'config.json', json: { ...nested, ...root } };
}

/** The generation settings of a checkpoint, and one sentence for each field that the service does not have. */
export interface ParsedGeneration {
  readonly defaults: GenerationDefaults;
  readonly notes: readonly string[];
}

/**
 * Parses the generation settings. A missing field, or null, has the default of transformers' `generate`
 * (`generation/configuration_utils.py`, `generation/utils.py`): 50 for `top_k`, no restriction for the others.
 *
 * @throws MODEL_INVALID if a field is out of range or has another type.
 */
export function parseGeneration(file: GenerationFile): ParsedGeneration {
  const { name, json } = file;
  const defaults = checkingFile('checkpoint', name, () => parseDefaults(json));
  return { defaults, notes: [...notesOnValues(file, defaults), ...notesOnUnsupported(file)] };
}

function parseDefaults(json: JsonObject): GenerationDefaults {
  const number = (field: string, fallback: number, range: { min: number; max: number }) =>
    checkNumber(json[field] ?? fallback, field, range);
  const integer = (field: string, fallback: number, range: { min: number; max: number }) =>
    checkInteger(json[field] ?? fallback, field, range);
  const { temperature, topP, minP, repetitionPenalty, topK, tokens, ngram } = GENERATION_RANGES;
  const stop = json['stop_strings'] ?? [];
  return {
    doSample: checkBoolean(json['do_sample'] ?? false, 'do_sample'),
    temperature: number('temperature', 1, temperature),
    // vLLM writes -1 for no limit.
    topK: Math.max(0, integer('top_k', 50, { ...topK, min: -1 })),
    topP: number('top_p', 1, topP),
    minP: number('min_p', 0, minP),
    repetitionPenalty: number('repetition_penalty', 1, repetitionPenalty),
    minNewTokens: integer('min_new_tokens', 0, tokens),
    noRepeatNgramSize: integer('no_repeat_ngram_size', 0, ngram),
    suppressTokens: checkTokenIds(json['suppress_tokens'] ?? [], 'suppress_tokens'),
    beginSuppressTokens: checkTokenIds(
      json['begin_suppress_tokens'] ?? [],
      'begin_suppress_tokens',
    ),
    badWords: checkBadWords(json['bad_words_ids'] ?? [], 'bad_words_ids'),
    stopStrings: checkStopStrings(typeof stop === 'string' ? [stop] : stop, 'stop_strings'),
  };
}

/** Values that transformers rejects when it generates. */
function notesOnValues(
  { name, json }: GenerationFile,
  { doSample, temperature }: GenerationDefaults,
): string[] {
  const notes: string[] = [];
  if (doSample && temperature === 0) {
    notes.push(`${name}: do_sample is true and temperature is 0; decoding is greedy.`);
  }
  if (json['top_k'] === -1) notes.push(`${name}: top_k is -1; sampling has no top-k limit.`);
  return notes;
}

/** A field of `GenerationConfig` that changes what transformers generates, and that the service does not have. */
interface UnsupportedField {
  readonly field: string;
  /** Values besides null that change nothing. */
  readonly neutral: readonly unknown[];
  /** What happens instead. */
  readonly instead: string;
}

const IGNORED = 'it is ignored';
const ONE_SEQUENCE = 'one sequence is decoded';
const LENGTH = 'the request sets the length of answers (max_tokens)';

/**
 * Fields that only affect speed, the cache, the shape of Python's results, or beam search (`length_penalty`,
 * `early_stopping`) are not listed.
 */
const UNSUPPORTED_FIELDS: readonly UnsupportedField[] = [
  { field: 'num_beams', neutral: [1], instead: ONE_SEQUENCE },
  { field: 'num_beam_groups', neutral: [1], instead: ONE_SEQUENCE },
  { field: 'num_return_sequences', neutral: [1], instead: ONE_SEQUENCE },
  { field: 'constraints', neutral: [[]], instead: IGNORED },
  { field: 'force_words_ids', neutral: [[]], instead: IGNORED },
  { field: 'penalty_alpha', neutral: [0], instead: 'decoding is greedy or samples' },
  { field: 'dola_layers', neutral: [], instead: 'the logits of the last layer are used' },
  { field: 'guidance_scale', neutral: [1], instead: IGNORED },
  { field: 'sequence_bias', neutral: [], instead: IGNORED },
  { field: 'encoder_repetition_penalty', neutral: [1], instead: IGNORED },
  { field: 'encoder_no_repeat_ngram_size', neutral: [0], instead: IGNORED },
  { field: 'min_length', neutral: [0], instead: 'the request sets the minimum (min_tokens)' },
  { field: 'max_length', neutral: [20], instead: LENGTH },
  { field: 'max_new_tokens', neutral: [], instead: LENGTH },
  { field: 'max_time', neutral: [], instead: IGNORED },
  { field: 'forced_bos_token_id', neutral: [], instead: IGNORED },
  { field: 'forced_eos_token_id', neutral: [], instead: IGNORED },
  { field: 'exponential_decay_length_penalty', neutral: [], instead: IGNORED },
  { field: 'top_h', neutral: [], instead: IGNORED },
  { field: 'typical_p', neutral: [1], instead: IGNORED },
  { field: 'epsilon_cutoff', neutral: [0], instead: IGNORED },
  { field: 'eta_cutoff', neutral: [0], instead: IGNORED },
  { field: 'token_healing', neutral: [false], instead: IGNORED },
  { field: 'watermarking_config', neutral: [], instead: 'answers carry no watermark' },
];

function notesOnUnsupported({ name, json }: GenerationFile): string[] {
  return UNSUPPORTED_FIELDS.flatMap(({ field, neutral, instead }) => {
    const value = json[field] ?? null;
    const isNeutral =
      value === null || neutral.some((item) => JSON.stringify(item) === JSON.stringify(value));
    return isNeutral
      ? []
      : [`${name}: ${field} (${describeValue(value)}) is not supported; ${instead}.`];
  });
}
