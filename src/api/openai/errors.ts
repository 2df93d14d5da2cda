import type { SalamandraError } from '../../errors/salamandra-error.js';
import { InvalidFieldsError } from '../request/request-validation.js';
import { STATUS_BY_CODE } from '../response/public-error.js';
import { ApiResponse } from '@nestjs/swagger';

/** The body of an error as OpenAI's API has it. */
export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The parameter at fault, `messages[0].content`. */
    readonly param: string | null;
    readonly code: string;
  };
}

/** Addresses that follow OpenAI's API, errors included. */
const OPEN_AI_PATH = /^\/v1\/(?:chat|completions|models)(?:\/|$)/i;

/** Whether an error at this address takes OpenAI's form. What a client accepts has no say: its library expects this. */
export function isOpenAiPath(path: string): boolean {
  return OPEN_AI_PATH.test(path);
}

/** Renders an error for a client of OpenAI's API: its public part and nothing else. */
export function toOpenAiError(error: SalamandraError): OpenAiErrorBody {
  return {
    error: {
      message: toMessage(error),
      type: toType(STATUS_BY_CODE[error.code]),
      param: findParameter(error),
      code: toCode(error),
    },
  };
}

/** Our codes as they are, but for the one that clients look for. */
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

/** The form has no place for the numbers that explain a fault, so they go into the sentence. */
function toMessage({ publicMessage, details = {} }: SalamandraError): string {
  const facts = Object.entries(details)
    .filter(([name]) => name !== 'parameter')
    .map(([name, value]) => `${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`);
  return facts.length === 0 ? publicMessage : `${publicMessage} (${facts.join('; ')})`;
}

const OPEN_AI_ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string', example: 'invalid_request_error' },
        param: { type: 'string', nullable: true, example: 'messages[0].content' },
        code: { type: 'string', example: 'media_corrupt' },
      },
    },
  },
};

/** Documents the answer that a failed request gets where OpenAI's API is followed. */
export function ApiOpenAiErrors() {
  return ApiResponse({
    status: 'default',
    description: 'The request failed.',
    content: { 'application/json': { schema: OPEN_AI_ERROR } },
  });
}
