import type { Request } from 'express';

import { MAX_ANSWER_TOKENS, MAX_STOP_LENGTH, MAX_STOP_STRINGS } from '../../config/limits.js';
import type { GenerationSettings, ModelDescription } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { assertRequestedModel } from '../request/loaded-model.js';

/** A JSON object of a request. Its fields are unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @param parameter in OpenAI's notation, `messages[0].content`. */
export function invalidParameter(parameter: string, rule: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', `${parameter} ${rule}`, {
    details: { parameter },
  });
}

/** Clients send `null` for parameters that they do not set. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** @throws INVALID_PARAMETER unless the value is a JSON object. */
export function readObject(value: unknown, parameter: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidParameter(parameter, 'must be an object.');
  }
  return value as JsonObject;
}

/** @throws INVALID_PARAMETER unless the value is a list. */
export function readList(value: unknown, parameter: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidParameter(parameter, 'must be a list.');
  return value;
}

/** @throws INVALID_PARAMETER unless the value is a string. */
export function readString(value: unknown, parameter: string): string {
  if (typeof value !== 'string') throw invalidParameter(parameter, 'must be a string.');
  return value;
}

/** @throws INVALID_PARAMETER unless the value is absent or a boolean. */
export function readBoolean(value: unknown, parameter: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'boolean') throw invalidParameter(parameter, 'must be true or false.');
  return value;
}

export interface NumberRange {
  readonly kind: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
}

/** @throws INVALID_PARAMETER unless the value is absent or in the range, bounds included. */
export function readNumber(
  value: unknown,
  parameter: string,
  { kind, min, max }: NumberRange,
): number | undefined {
  if (isAbsent(value)) return undefined;
  const isInRange =
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (kind === 'number' || Number.isInteger(value));
  if (!isInRange) {
    const noun = kind === 'integer' ? 'an integer' : 'a number';
    const received = typeof value === 'number' ? `, received ${value}` : '';
    throw invalidParameter(parameter, `must be ${noun} from ${min} to ${max}${received}.`);
  }
  return value;
}

/** @throws INVALID_PARAMETER unless the value is absent or one of the choices. */
export function readChoice<T extends string>(
  value: unknown,
  parameter: string,
  choices: readonly T[],
): T | undefined {
  if (isAbsent(value)) return undefined;
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw invalidParameter(parameter, `must be one of ${choices.join(', ')}.`);
  }
  return choice;
}

/** @throws UNSUPPORTED_MEDIA_TYPE unless the body was sent as JSON. */
export function checkJsonBody(request: Request): void {
  if (request.is('application/json')) return;
  throw new SalamandraError('UNSUPPORTED_MEDIA_TYPE', 'The Content-Type must be application/json.');
}

/**
 * The body of a request to one of OpenAI's endpoints.
 *
 * @throws INVALID_REQUEST unless it is an object, INVALID_PARAMETER without `model`, NOT_FOUND for another model.
 */
export function readBody(value: unknown, model: ModelDescription): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SalamandraError('INVALID_REQUEST', 'The body must be a JSON object.');
  }
  const body = value as JsonObject;
  if (isAbsent(body['model'])) {
    throw invalidParameter('model', `is missing. Set it to "${model.id}".`);
  }
  assertRequestedModel(readString(body['model'], 'model'), model);
  return body;
}

/** `stream` and `stream_options`. */
export interface StreamOptions {
  /** Whether the last chunk reports the usage. */
  readonly includeUsage: boolean;
}

/** `null` if the response is one JSON object. @throws INVALID_PARAMETER */
export function readStreamOptions(body: JsonObject): StreamOptions | null {
  const isStream = readBoolean(body['stream'], 'stream') ?? false;
  const options = body['stream_options'];
  if (isAbsent(options)) return isStream ? { includeUsage: false } : null;
  if (!isStream) throw invalidParameter('stream_options', 'requires "stream": true.');
  const { include_usage: includeUsage } = readObject(options, 'stream_options');
  return {
    includeUsage: readBoolean(includeUsage, 'stream_options.include_usage') ?? false,
  };
}

/** Settings of a body; undefined where the client left them out. */
type RequestedSettings = {
  readonly [K in keyof GenerationSettings]?: GenerationSettings[K] | undefined;
};

/** The sampler needs a positive top_p. This value keeps the most likely token only, like 0 in OpenAI's API. */
const MIN_TOP_P = 1e-9;

/** The settings that all of OpenAI's endpoints share. @throws INVALID_PARAMETER */
export function readSettings(body: JsonObject): RequestedSettings {
  const temperature = { kind: 'number', min: 0, max: 2 } as const;
  const topP = readNumber(body['top_p'], 'top_p', { kind: 'number', min: 0, max: 1 });
  return {
    temperature: readNumber(body['temperature'], 'temperature', temperature),
    topP: topP === undefined ? undefined : Math.max(topP, MIN_TOP_P),
    seed: readNumber(body['seed'], 'seed', {
      kind: 'integer',
      min: Number.MIN_SAFE_INTEGER,
      max: Number.MAX_SAFE_INTEGER,
    }),
    maxTokens: readTokenLimit(body, 'max_tokens'),
    stop: readStop(body['stop']),
  };
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

/** A parameter of OpenAI's API that this service does not support. */
export interface UnsupportedParameter {
  readonly parameter: string;
  /** Whether the value has no effect in OpenAI's API either. Clients send such defaults. */
  readonly isNeutral: (value: unknown) => boolean;
  readonly rule: string;
}

const UNSUPPORTED_PARAMETERS: readonly UnsupportedParameter[] = [
  {
    parameter: 'n',
    isNeutral: (value) => value === 1,
    rule: 'must be 1: several choices per prompt are not supported. Send several requests.',
  },
  {
    parameter: 'presence_penalty',
    isNeutral: (value) => value === 0,
    rule: 'must be 0: this penalty is not supported.',
  },
  {
    parameter: 'frequency_penalty',
    isNeutral: (value) => value === 0,
    rule: 'must be 0: this penalty is not supported.',
  },
  {
    parameter: 'logit_bias',
    isNeutral: (value) => typeof value === 'object' && Object.keys(value ?? {}).length === 0,
    rule: 'is not supported. Leave it out.',
  },
];

/**
 * Rejects parameters that would change the response in a way that this service does not support.
 *
 * @param further the unsupported parameters of one endpoint.
 * @throws INVALID_PARAMETER
 */
export function rejectUnsupported(
  body: JsonObject,
  further: readonly UnsupportedParameter[],
): void {
  for (const { parameter, isNeutral, rule } of [...UNSUPPORTED_PARAMETERS, ...further]) {
    const value = body[parameter];
    if (!isAbsent(value) && !isNeutral(value)) throw invalidParameter(parameter, rule);
  }
}
