import type { Request } from 'express';

import type { ModelDescription } from '../../engine/vision-language-engine.js';
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

/** @throws INVALID_PARAMETER for the first member, unless it is absent or false. */
export function rejectOthers(members: JsonObject, parameter: string): void {
  for (const [name, value] of Object.entries(members)) {
    if (isAbsent(value) || value === false) continue;
    throw invalidParameter(`${parameter}.${plainName(name)}`, 'is not supported. Leave it out.');
  }
}

/** Only plain names are repeated in a response. */
export function plainName(name: string): string {
  return /^\w{1,64}$/.test(name) ? name : '(unnamed)';
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
  const { include_usage: includeUsage, ...others } = readObject(options, 'stream_options');
  rejectOthers(others, 'stream_options');
  return {
    includeUsage: readBoolean(includeUsage, 'stream_options.include_usage') ?? false,
  };
}
