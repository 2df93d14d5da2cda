import { MAX_SCHEMA_BYTES } from '../../config/answer-limits.js';
import { type AnswerFormat, compileAnswerFormat } from '../../decoder/grammar/json-schema.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  readBoolean,
  readChoice,
  readObject,
} from './request-body.js';

/**
 * OpenAI's `response_format`. `strict` has no effect: the answer always follows the schema.
 *
 * @returns undefined for text
 * @throws INVALID_PARAMETER for a schema outside the supported subset, and beside settings that exclude the end of JSON
 */
export function readResponseFormat(body: JsonObject): AnswerFormat | undefined {
  if (isAbsent(body['response_format'])) return undefined;
  const { type, json_schema: named } = readObject(body['response_format'], 'response_format');
  const kind = readChoice(type, 'response_format.type', ['text', 'json_object', 'json_schema']);
  if (kind === undefined) throw invalidParameter('response_format.type', 'is missing.');
  if (kind === 'text') return undefined;
  checkEnd(body);
  if (kind === 'json_object') return { kind: 'json-object' };
  const parameter = 'response_format.json_schema';
  const { schema, strict } = readObject(named, parameter);
  readBoolean(strict, `${parameter}.strict`);
  const format = {
    kind: 'json-schema',
    schema: readObject(schema, `${parameter}.schema`),
  } as const;
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_SCHEMA_BYTES) {
    throw invalidParameter(`${parameter}.schema`, `must have at most ${MAX_SCHEMA_BYTES} bytes.`);
  }
  // The engine compiles it again, in its own process: a schema that it refuses must not wait in the queue.
  compileAnswerFormat(format, `${parameter}.schema`);
  return format;
}

/** JSON ends with its last bracket. */
function checkEnd(body: JsonObject): void {
  if (body['ignore_eos'] === true) {
    throw invalidParameter('ignore_eos', 'must be false with a response_format of JSON.');
  }
  if (!isAbsent(body['min_tokens']) && body['min_tokens'] !== 0) {
    throw invalidParameter('min_tokens', 'must be 0 with a response_format of JSON.');
  }
}
