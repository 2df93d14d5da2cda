import { MAX_ANSWER_TOKENS } from '../../config/limits.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { decodeBase64 } from '../media/data-url.js';
import { ReceivedFile } from '../media/json-upload.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  plainName,
  readBody,
  readBoolean,
  readList,
  readNumber,
  readObject,
  readString,
} from '../openai/request-body.js';

/** A request in terms of OpenAI's API. */
export interface OllamaRequest {
  /** As the client wrote it; replies repeat it. */
  readonly model: string;
  /** The body of a chat completion; `null` if the client only loads the model. */
  readonly chat: JsonObject | null;
  readonly isStream: boolean;
}

/** Fields of both routes. `keep_alive` has no effect: the model stays loaded. */
const FIELDS = ['model', 'format', 'options', 'stream', 'keep_alive'];

/** Options that concern memory, speed or logs, not the text. The context is always that of the model. */
const WITHOUT_EFFECT = [
  ...['num_ctx', 'num_keep', 'num_batch', 'num_gpu', 'main_gpu', 'num_thread', 'numa'],
  ...['use_mmap', 'use_mlock', 'low_vram', 'f16_kv', 'vocab_only', 'mirostat_tau', 'mirostat_eta'],
];

/** Values that ask for nothing that this service lacks. */
const NEUTRAL: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['mirostat', 0],
  ['tfs_z', 1],
  ['typical_p', 1],
  ['repeat_last_n', -1],
]);

/** @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model. */
export function parseOllamaModel(value: unknown, model: ModelDescription): string {
  const given = typeof value === 'object' && value !== null ? (value as JsonObject) : {};
  const name = given['model'] ?? given['name'];
  const plain = typeof name === 'string' ? name.replace(/:latest$/, '') : name;
  readBody({ model: plain }, model);
  return readString(name, 'model');
}

/** The body of `/api/chat`. @throws the codes of `parseOllamaModel`, INVALID_BASE64, PAYLOAD_TOO_LARGE. */
export function parseOllamaChat(value: unknown, model: ModelDescription): OllamaRequest {
  const name = parseOllamaModel(value, model);
  const body = value as JsonObject;
  rejectOtherFields(body, [...FIELDS, 'messages']);
  const given = isAbsent(body['messages']) ? [] : readList(body['messages'], 'messages');
  const messages = given.map((message, index) => {
    const parameter = `messages[${index}]`;
    const { images, content, ...others } = readObject(message, parameter);
    // Clients send the thoughts of other models back.
    return {
      ...others,
      thinking: undefined,
      content: toContent(content, images, `${parameter}.`),
    };
  });
  return toRequest(name, body, messages, model);
}

/** The body of `/api/generate`. @throws the codes of `parseOllamaChat`. */
export function parseOllamaGenerate(value: unknown, model: ModelDescription): OllamaRequest {
  const name = parseOllamaModel(value, model);
  const body = value as JsonObject;
  rejectOtherFields(body, [...FIELDS, 'prompt', 'system', 'images']);
  const { prompt, system, images } = body;
  const isEmpty = isAbsent(prompt) || prompt === '';
  const hasImages = Array.isArray(images) && images.length > 0;
  if (isEmpty && !hasImages) return toRequest(name, body, [], model);
  const user = { role: 'user', content: toContent(prompt ?? '', images, '') };
  const first = isAbsent(system) || system === '' ? [] : [{ role: 'system', content: system }];
  return toRequest(name, body, [...first, user], model);
}

/** @throws INVALID_PARAMETER for a field that would have no effect, unless its value asks for nothing. */
function rejectOtherFields(body: JsonObject, known: readonly string[]): void {
  for (const [name, value] of Object.entries(body)) {
    const isEmpty = isAbsent(value) || value === false || value === '';
    if (isEmpty || known.includes(name) || (Array.isArray(value) && value.length === 0)) continue;
    throw invalidParameter(plainName(name), 'is not supported by this service. Leave it out.');
  }
}

function toContent(text: unknown, images: unknown, prefix: string): unknown {
  if (isAbsent(images)) return text ?? '';
  const parts = readList(images, `${prefix}images`).map((image, index) => {
    const parameter = `${prefix}images[${index}]`;
    const bytes = decodeBase64(readString(image, parameter), parameter);
    return { type: 'image_url', image_url: new ReceivedFile({ kind: 'bytes', bytes }) };
  });
  return [...parts, { type: 'text', text: text ?? '' }];
}

function toRequest(
  name: string,
  body: JsonObject,
  messages: readonly JsonObject[],
  model: ModelDescription,
): OllamaRequest {
  const isStream = readBoolean(body['stream'], 'stream') ?? true;
  const chat = {
    ...{ model: model.id, messages, stream: isStream },
    ...toSettings(body['options'], model),
    ...toResponseFormat(body['format']),
  };
  return { model: name, chat: messages.length === 0 ? null : chat, isStream };
}

function toSettings(value: unknown, model: ModelDescription): JsonObject {
  const options = isAbsent(value) ? {} : readObject(value, 'options');
  const { num_predict, temperature, top_k, top_p, min_p, seed, stop, ...more } = options;
  const { repeat_penalty, presence_penalty, frequency_penalty, ...others } = more;
  for (const [name, option] of Object.entries(others)) {
    if (isAbsent(option) || WITHOUT_EFFECT.includes(name)) continue;
    if (NEUTRAL.has(name) && NEUTRAL.get(name) === option) continue;
    throw invalidParameter(`options.${plainName(name)}`, 'is not supported. Leave it out.');
  }
  const number = (given: unknown, option: string, min: number, max: number) =>
    readNumber(given, `options.${option}`, { kind: 'number', min, max });
  const integer = (given: unknown, option: string, min: number) => {
    const range = { kind: 'integer', min, max: Number.MAX_SAFE_INTEGER } as const;
    return readNumber(given, `options.${option}`, range);
  };
  const limit = integer(num_predict, 'num_predict', -2) ?? -1;
  if (limit === 0) throw invalidParameter('options.num_predict', 'must be at least 1, -1 or -2.');
  return {
    max_tokens: Math.min(limit < 0 ? openEndTokens(model) : limit, MAX_ANSWER_TOKENS),
    temperature: number(temperature, 'temperature', 0, 2),
    top_k: integer(top_k, 'top_k', 0),
    top_p: number(top_p, 'top_p', 0, 1),
    min_p: number(min_p, 'min_p', 0, 1),
    seed: integer(seed, 'seed', Number.MIN_SAFE_INTEGER),
    repetition_penalty: number(repeat_penalty, 'repeat_penalty', 0.01, 100),
    presence_penalty: number(presence_penalty, 'presence_penalty', -2, 2),
    frequency_penalty: number(frequency_penalty, 'frequency_penalty', -2, 2),
    stop,
  };
}

/** Tokens of an answer without a limit of the client: a quarter of the context, which leaves room for images. */
function openEndTokens({ contextLength }: ModelDescription): number {
  return Math.max(1, Math.floor(contextLength / 4));
}

function toResponseFormat(format: unknown): JsonObject {
  if (isAbsent(format) || format === '') return {};
  if (format === 'json') return { response_format: { type: 'json_object' } };
  if (typeof format === 'string') {
    throw invalidParameter('format', 'must be "json" or a JSON Schema.');
  }
  const schema = readObject(format, 'format');
  return { response_format: { type: 'json_schema', json_schema: { name: 'format', schema } } };
}
