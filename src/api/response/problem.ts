import { STATUS_CODES } from 'node:http';

import { HttpException, Logger } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { Request } from 'express';

import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';

/** HTTP status of every error code. A missing code is a compile-time error. */
export const STATUS_BY_CODE: Readonly<Record<ErrorCode, number>> = {
  INVALID_REQUEST: 400,
  INVALID_JSON: 400,
  INVALID_BASE64: 400,
  UNKNOWN_FIELD: 400,
  INVALID_PARAMETER: 400,
  CONTEXT_LENGTH_EXCEEDED: 400,
  MULTIPART_MALFORMED: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  PAYLOAD_TOO_LARGE: 413,
  TOO_MANY_PARTS: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNSUPPORTED_FEATURE: 422,
  MEDIA_EMPTY: 422,
  MEDIA_CORRUPT: 422,
  MEDIA_TOO_LARGE: 422,
  MEDIA_TOO_EXPENSIVE: 422,
  NO_VIDEO_STREAM: 422,
  UNSUPPORTED_CODEC: 422,
  NO_DECODABLE_FRAME: 422,
  // ffmpeg is not installed, so a retry cannot succeed.
  VIDEO_UNAVAILABLE: 501,
  MEDIA_URL_REJECTED: 422,
  MEDIA_FETCH_FAILED: 422,
  REVIEW_CONFLICT: 409,
  RATE_LIMITED: 429,
  QUEUE_FULL: 503,
  SHUTTING_DOWN: 503,
  MODEL_NOT_READY: 503,
  // Configuration errors of the operator, not errors of the client: the service runs without a model.
  MODEL_INVALID: 503,
  MODEL_NOT_FOUND: 503,
  MODEL_LOAD_FAILED: 503,
  // The process that decodes media was killed from outside. On the command line: another server does not reply.
  SERVER_UNAVAILABLE: 503,
  // Not raised by any route; only the command line contacts a hub.
  HUB_UNAVAILABLE: 503,
  STORAGE_UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
  STORAGE_FULL: 507,
  INTERNAL: 500,
};

/** The fault of one field of a body. */
export interface FieldError {
  /** Path with dots and indices, `questions.0.text`. */
  readonly field: string;
  readonly detail: string;
}

/** A body with unknown or invalid fields. The response lists each of them. */
export class InvalidFieldsError extends SalamandraError {
  constructor(
    code: 'UNKNOWN_FIELD' | 'INVALID_PARAMETER',
    readonly errors: readonly FieldError[],
  ) {
    super(code, errors.map(({ detail }) => detail).join(' '));
  }
}

const logger = new Logger('http');

/** Faults of the service that its operator can mend. */
const OPERATING_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'STORAGE_FULL',
  'STORAGE_UNAVAILABLE',
  'SERVER_UNAVAILABLE',
]);

/**
 * Turns an exception into the error that the client gets. Faults of the service are logged with their cause. An
 * unexpected exception becomes INTERNAL, since its text may hold paths or secrets.
 */
export function toPublicError(exception: unknown, request: Request): SalamandraError {
  const error = toSalamandraError(exception);
  const id = String(request.res?.getHeader('X-Request-Id'));
  const failed = `${id} ${request.method} ${request.path} failed`;
  if (error.code === 'INTERNAL') logger.error(failed, describe(exception));
  else if (OPERATING_FAULTS.has(error.code)) {
    const { cause } = error;
    // The message of a system error names the operation and the path, its stack nothing more.
    const reason = cause instanceof Error ? cause.message : error.publicMessage;
    logger.error(`${failed}: ${error.code}: ${reason}`);
  }
  return error;
}

function toSalamandraError(exception: unknown): SalamandraError {
  if (exception instanceof SalamandraError) return exception;
  if (exception instanceof HttpException && exception.getStatus() < 500) {
    return new SalamandraError(
      'INVALID_REQUEST',
      'Malformed request: check the URL encoding and the headers.',
      { cause: exception },
    );
  }
  return new SalamandraError('INTERNAL', 'Internal error.', { cause: exception });
}

function describe(exception: unknown): string {
  const { stack, cause } = exception instanceof Error ? exception : new Error(String(exception));
  return cause === undefined ? String(stack) : `${String(stack)}\nCaused by: ${describe(cause)}`;
}

/** RFC 9457 `application/problem+json` with the extension members of this service. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly retryable: boolean;
  /** Values and limits that explain the error. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly FieldError[];
}

/** The public members of an error as a problem. */
export function toProblem(error: SalamandraError, requestId: string): Problem {
  const status = STATUS_BY_CODE[error.code];
  return {
    type: `urn:visual-salamandra:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: error.code,
    detail: error.publicMessage,
    requestId,
    retryable: error.retryable,
    ...(error.details && { parameters: error.details }),
    ...(error instanceof InvalidFieldsError && { errors: error.errors }),
  };
}

const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId', 'retryable'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string', description: 'Name of the HTTP status.' },
    status: { type: 'integer' },
    code: {
      type: 'string',
      example: 'MEDIA_CORRUPT',
      description: 'Stable code for programs. The set of codes is closed.',
    },
    detail: { type: 'string', description: 'Explanation for people. The wording may change.' },
    requestId: { type: 'string', description: 'Same as the header X-Request-Id.' },
    retryable: {
      type: 'boolean',
      description: 'true: the same request may succeed later.',
    },
    parameters: {
      type: 'object',
      additionalProperties: true,
      description: 'Values and limits that explain the error.',
    },
    errors: {
      type: 'array',
      description: 'One entry per invalid field.',
      items: {
        type: 'object',
        properties: { field: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
};

/** Documents the problem response of a native route. */
export function ApiProblems() {
  return ApiResponse({
    status: 'default',
    description: 'The request failed. The body is a problem (RFC 9457).',
    content: { 'application/problem+json': { schema: PROBLEM_SCHEMA } },
  });
}
