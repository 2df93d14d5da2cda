import { SalamandraError } from '../../errors/salamandra-error.js';
import type { Request } from 'express';
import { MAX_ANSWER_TOKENS, MAX_STOP_LENGTH, MAX_STOP_STRINGS } from '../../config/limits.js';
import type { GenerationSettings, ModelDescription } from '../../engine/vision-language-engine.js';
import { checkRequestedModel } from '../request/loaded-model.js';

/** A JSON object of a request, its fields unchecked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An error about one parameter. @param parameter as OpenAI writes it, `messages[0].content`. */
export function invalidParameter(parameter: string, rule: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', `${parameter} ${rule}`, {
    details: { parameter },
  });
}

/** Whether a value is left out: clients send `null` for parameters that they do not set. */
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

/** @throws INVALID_PARAMETER unless the value is a text. */
export function readText(value: unknown, parameter: string): string {
  if (typeof value !== 'string') throw invalidParameter(parameter, 'must be a text.');
  return value;
}

/** @throws INVALID_PARAMETER unless the value is absent or a truth value. */
export function readFlag(value: unknown, parameter: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'boolean') throw invalidParameter(parameter, 'must be true or false.');
  return value;
}

export interface NumberRange {
  readonly kind: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
}

/** @throws INVALID_PARAMETER unless the value is absent or a number of the range, ends included. */
export function readNumber(
  value: unknown,
  parameter: string,
  { kind, min, max }: NumberRange,
): number | undefined {
  if (isAbsent(value)) return undefined;
  const isFit =
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (kind === 'number' || Number.isInteger(value));
  if (!isFit) {
    const noun = kind === 'integer' ? 'a whole number' : 'a number';
    throw invalidParameter(parameter, `must be ${noun} from ${min} to ${max}.`);
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
  const choice = choices.find((one) => one === value);
  if (choice === undefined) {
    throw invalidParameter(parameter, `must be one of ${choices.join(', ')}.`);
  }
  return choice;
}

/** How the answer is sent. */
export type ReplyForm =
  | { readonly kind: 'whole' }
  /** As events; `usage`: one more at the end says how many tokens there were. */
  | { readonly kind: 'stream'; readonly usage: boolean };

/** Settings that a client asks for; what it leaves out is undefined. */
type AskedSettings = {
  readonly [K in keyof GenerationSettings]?: GenerationSettings[K] | undefined;
};

/** @throws UNSUPPORTED_MEDIA_TYPE unless the body came as JSON. */
export function checkJsonBody(request: Request): void {
  if (request.is('application/json')) return;
  throw new SalamandraError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json.');
}

/**
 * The body of a request to one of OpenAI's endpoints.
 *
 * @throws INVALID_REQUEST unless it is an object, INVALID_PARAMETER without a model, NOT_FOUND for another one.
 */
export function readBody(value: unknown, model: ModelDescription): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SalamandraError('INVALID_REQUEST', 'The body must be a JSON object.');
  }
  const body = value as JsonObject;
  if (isAbsent(body['model'])) throw invalidParameter('model', 'is missing.');
  checkRequestedModel(readText(body['model'], 'model'), model);
  return body;
}

/** `stream` and `stream_options`. @throws INVALID_PARAMETER */
export function readReplyForm(body: JsonObject): ReplyForm {
  const isStream = readFlag(body['stream'], 'stream') ?? false;
  const options = body['stream_options'];
  if (isAbsent(options)) return isStream ? { kind: 'stream', usage: false } : { kind: 'whole' };
  if (!isStream) throw invalidParameter('stream_options', 'is only for streams.');
  const { include_usage: usage } = readObject(options, 'stream_options');
  return { kind: 'stream', usage: readFlag(usage, 'stream_options.include_usage') ?? false };
}

/** Top-p must be above 0; at this value it leaves the likeliest token alone, as OpenAI's 0 does. */
const LEAST_TOP_P = 1e-9;

/** What every endpoint may ask about the choice of tokens. @throws INVALID_PARAMETER */
export function readSettings(body: JsonObject): AskedSettings {
  const temperature = { kind: 'number', min: 0, max: 2 } as const;
  const topP = readNumber(body['top_p'], 'top_p', { kind: 'number', min: 0, max: 1 });
  return {
    temperature: readNumber(body['temperature'], 'temperature', temperature),
    topP: topP === undefined ? undefined : Math.max(topP, LEAST_TOP_P),
    seed: readNumber(body['seed'], 'seed', {
      kind: 'integer',
      min: Number.MIN_SAFE_INTEGER,
      max: Number.MAX_SAFE_INTEGER,
    }),
    maxTokens: readTokenCount(body, 'max_tokens'),
    stop: readStop(body['stop']),
  };
}

/** A number of tokens to answer with. @throws INVALID_PARAMETER */
export function readTokenCount(body: JsonObject, parameter: string): number | undefined {
  const range = { kind: 'integer', min: 1, max: MAX_ANSWER_TOKENS } as const;
  return readNumber(body[parameter], parameter, range);
}

function readStop(value: unknown): readonly string[] | undefined {
  if (isAbsent(value)) return undefined;
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isFit =
    texts.length <= MAX_STOP_STRINGS &&
    texts.every(
      (text) => typeof text === 'string' && text.length > 0 && text.length <= MAX_STOP_LENGTH,
    );
  if (!isFit) {
    throw invalidParameter(
      'stop',
      `must be a text of 1 to ${MAX_STOP_LENGTH} characters, or up to ${MAX_STOP_STRINGS} of them.`,
    );
  }
  return texts as readonly string[];
}

/** A parameter of OpenAI's that this service cannot honour. */
export interface Unsupported {
  readonly parameter: string;
  /** Whether the value asks for nothing, as clients' defaults do. */
  readonly isHarmless: (value: unknown) => boolean;
  readonly rule: string;
}

const UNSUPPORTED: readonly Unsupported[] = [
  {
    parameter: 'n',
    isHarmless: (value) => value === 1,
    rule: 'must be 1: this service gives one answer to a request.',
  },
  {
    parameter: 'presence_penalty',
    isHarmless: (value) => value === 0,
    rule: 'must be 0: this service has no such penalty.',
  },
  {
    parameter: 'frequency_penalty',
    isHarmless: (value) => value === 0,
    rule: 'must be 0: this service has no such penalty.',
  },
  {
    parameter: 'logit_bias',
    isHarmless: (value) => typeof value === 'object' && Object.keys(value ?? {}).length === 0,
    rule: 'is not supported.',
  },
];

/**
 * Refuses OpenAI's parameters that change an answer in a way this service cannot.
 *
 * @param further those of one endpoint alone.
 * @throws INVALID_PARAMETER
 */
export function rejectUnsupported(body: JsonObject, further: readonly Unsupported[]): void {
  for (const { parameter, isHarmless, rule } of [...UNSUPPORTED, ...further]) {
    const value = body[parameter];
    if (!isAbsent(value) && !isHarmless(value)) throw invalidParameter(parameter, rule);
  }
}
