import {
  MAX_LOGIT_BIASES,
  MAX_STOP_LENGTH,
  MAX_STOP_STRINGS,
  MAX_STOP_TOKENS,
} from '../../config/answer-limits.js';
import { MAX_ANSWER_TOKENS } from '../../config/limits.js';
import { type RequestedSettings, resolveSettings } from '../../engine/resolve-settings.js';
import type { GenerationSettings, ModelDescription } from '../../engine/vision-language-engine.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  type NumberRange,
  readBoolean,
  readNumber,
  readObject,
} from './request-body.js';
import { readResponseFormat } from './response-format.js';

/** The parameters that `readSettings` reads, of OpenAI's API and of vLLM's. */
export const GENERATION_PARAMETERS: readonly string[] = [
  ...['receipts', 'max_tokens', 'temperature', 'top_p', 'seed', 'stop'],
  ...['frequency_penalty', 'presence_penalty', 'logit_bias'],
  ...['top_k', 'min_p', 'repetition_penalty', 'min_tokens', 'ignore_eos', 'stop_token_ids'],
  ...['include_stop_str_in_output', 'response_format'],
];

const PENALTY: NumberRange = { kind: 'number', min: -2, max: 2 };
const FRACTION: NumberRange = { kind: 'number', min: 0, max: 1 };
const BIAS: NumberRange = { kind: 'number', min: -100, max: 100 };

/**
 * The settings that OpenAI's endpoints share, with the extensions of vLLM.
 *
 * @param vocabularySize of the model: bounds token ids.
 * @throws INVALID_PARAMETER
 */
export function readSettings(
  body: JsonObject,
  { vocabularySize }: Pick<ModelDescription, 'vocabularySize'>,
): RequestedSettings {
  const number = (parameter: string, range: NumberRange) =>
    readNumber(body[parameter], parameter, range);
  const topK = number('top_k', { kind: 'integer', min: -1, max: Number.MAX_SAFE_INTEGER });
  const seed = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
  const isKept = readBoolean(body['include_stop_str_in_output'], 'include_stop_str_in_output');
  const isEndIgnored = readBoolean(body['ignore_eos'], 'ignore_eos');
  return {
    temperature: number('temperature', { kind: 'number', min: 0, max: 2 }),
    topP: number('top_p', FRACTION),
    // -1 is vLLM's older value for no limit.
    topK: topK === undefined ? undefined : Math.max(0, topK),
    minP: number('min_p', FRACTION),
    seed: number('seed', { kind: 'integer', ...seed }),
    logitBias: readLogitBias(body['logit_bias'], vocabularySize),
    repetitionPenalty: number('repetition_penalty', { kind: 'number', min: 0.01, max: 100 }),
    frequencyPenalty: number('frequency_penalty', PENALTY),
    presencePenalty: number('presence_penalty', PENALTY),
    minTokens: number('min_tokens', { kind: 'integer', min: 0, max: MAX_ANSWER_TOKENS }),
    maxTokens: readTokenLimit(body, 'max_tokens'),
    stop: readStop(body['stop']),
    stopTokenIds: readTokenIds(body['stop_token_ids'], 'stop_token_ids', vocabularySize),
    stopText: isKept === undefined ? undefined : isKept ? 'keep' : 'cut',
    endOfText: isEndIgnored === undefined ? undefined : isEndIgnored ? 'ignore' : 'stop',
    answerFormat: readResponseFormat(body),
  };
}

/**
 * The settings of a request, completed by the defaults of the model.
 *
 * @throws INVALID_PARAMETER if `min_tokens` exceeds the maximum.
 */
export function completeSettings(
  requested: RequestedSettings,
  model: ModelDescription,
): GenerationSettings {
  const settings = resolveSettings(requested, model.generation);
  const { minTokens, maxTokens } = settings;
  if (requested.minTokens !== undefined && minTokens > maxTokens) {
    throw invalidParameter(
      'min_tokens',
      `must be at most max_tokens (${maxTokens}), received ${minTokens}.`,
    );
  }
  return settings;
}

/** @throws INVALID_PARAMETER */
export function readTokenLimit(body: JsonObject, parameter: string): number | undefined {
  const range = { kind: 'integer', min: 1, max: MAX_ANSWER_TOKENS } as const;
  return readNumber(body[parameter], parameter, range);
}

function readStop(value: unknown): readonly string[] | undefined {
  if (isAbsent(value)) return undefined;
  const strings: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isValid =
    strings.length <= MAX_STOP_STRINGS &&
    strings.every(
      (text) => typeof text === 'string' && text.length > 0 && text.length <= MAX_STOP_LENGTH,
    );
  if (!isValid) {
    throw invalidParameter(
      'stop',
      `must be a string of 1 to ${MAX_STOP_LENGTH} characters, or a list of at most ${MAX_STOP_STRINGS} of them.`,
    );
  }
  return strings as readonly string[];
}

function readTokenIds(
  value: unknown,
  parameter: string,
  vocabularySize: number,
): readonly number[] | undefined {
  if (isAbsent(value)) return undefined;
  if (!Array.isArray(value) || value.length > MAX_STOP_TOKENS) {
    throw invalidParameter(parameter, `must be a list of at most ${MAX_STOP_TOKENS} token ids.`);
  }
  return value.map((id: unknown) => checkTokenId(id, parameter, vocabularySize));
}

/** `{"TOKEN ID": bias}`, from -100 to 100. */
function readLogitBias(
  value: unknown,
  vocabularySize: number,
): ReadonlyMap<number, number> | undefined {
  if (isAbsent(value)) return undefined;
  const entries = Object.entries(readObject(value, 'logit_bias'));
  if (entries.length > MAX_LOGIT_BIASES) {
    throw invalidParameter(
      'logit_bias',
      `must have at most ${MAX_LOGIT_BIASES} tokens, received ${entries.length}.`,
    );
  }
  const biases = new Map<number, number>();
  for (const [key, bias] of entries) {
    const id = checkTokenId(/^\d+$/.test(key) ? Number(key) : key, 'logit_bias', vocabularySize);
    const number = readNumber(bias, `logit_bias.${id}`, BIAS);
    if (number === undefined) throw invalidParameter(`logit_bias.${id}`, 'must be a number.');
    biases.set(id, number);
  }
  return biases;
}

/** @throws INVALID_PARAMETER unless the value is a token id of the model. */
export function checkTokenId(value: unknown, parameter: string, vocabularySize: number): number {
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= 0 &&
    value < vocabularySize
  ) {
    return value;
  }
  const received = typeof value === 'number' ? `, received ${value}` : '';
  throw invalidParameter(
    parameter,
    `must have token ids of the model, integers from 0 to ${vocabularySize - 1}${received}.`,
  );
}
