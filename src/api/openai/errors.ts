import { ApiResponse } from '@nestjs/swagger';

import type { SalamandraError } from '../../errors/salamandra-error.js';
import type { SseMessage } from '../response/event-stream.js';
import { InvalidFieldsError, STATUS_BY_CODE } from '../response/problem.js';

/** The error body of OpenAI's API. */
interface OpenAiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The offending parameter, `messages[0].content`. */
    readonly param: string | null;
    readonly code: string;
  };
}

/** Paths that follow OpenAI's API, errors included. */
const OPEN_AI_PATH = /^\/v1\/(?:chat|completions|models|files|batches)(?:\/|$)/i;

/** Whether an error under this path has OpenAI's form. OpenAI's client libraries expect it with every `Accept`. */
export function isOpenAiPath(path: string): boolean {
  return OPEN_AI_PATH.test(path);
}

/** The public members of an error in OpenAI's form. */
export function toOpenAiError(error: SalamandraError): OpenAiErrorBody {
  return {
    error: {
      message: toSentence(error),
      type: toType(STATUS_BY_CODE[error.code]),
      param: findParameter(error),
      code: toCode(error),
    },
  };
}

/** The last message of a stream that fails. */
export function toOpenAiErrorMessage(error: SalamandraError): SseMessage {
  return { data: JSON.stringify(toOpenAiError(error)) };
}

/** Our code in lower case, except for an unknown model: clients check for OpenAI's `model_not_found`. */
function toCode(error: SalamandraError): string {
  const isOtherModel = error.code === 'NOT_FOUND' && findParameter(error) === 'model';
  return isOtherModel ? 'model_not_found' : error.code.toLowerCase();
}

function toType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

function findParameter(error: SalamandraError): string | null {
  if (error instanceof InvalidFieldsError) return error.errors[0]?.field ?? null;
  const parameter = error.details?.['parameter'];
  return typeof parameter === 'string' ? parameter : null;
}

/** OpenAI's form has no member for details. Details that the sentence does not mention are appended to it. */
export function toSentence({ publicMessage, details = {} }: SalamandraError): string {
  const words: readonly string[] = publicMessage.match(/\w+(?:\.\w+)*/g) ?? [];
  const facts = Object.entries(details)
    .filter(([name, value]) => name !== 'parameter' && !words.includes(String(value)))
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`);
  return facts.length === 0 ? publicMessage : `${publicMessage} (${facts.join('; ')})`;
}

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string', description: 'Explanation for people. The wording may change.' },
        type: { type: 'string', example: 'invalid_request_error' },
        param: { type: 'string', nullable: true, example: 'messages[0].content' },
        code: {
          type: 'string',
          example: 'media_corrupt',
          description:
            'The code of the native API in lower case; model_not_found for another model.',
        },
      },
    },
  },
};

/** Documents the error response of a route that follows OpenAI's API. */
export function ApiOpenAiErrors() {
  return ApiResponse({
    status: 'default',
    description: "The request failed. The body has OpenAI's form.",
    content: { 'application/json': { schema: ERROR_SCHEMA } },
  });
}
