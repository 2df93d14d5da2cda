import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';
import { HttpException, Logger } from '@nestjs/common';
import type { Request } from 'express';

/** The HTTP status of every code. The compiler refuses the table when a code is missing. */
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
  PATH_NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  IDEMPOTENCY_CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  TOO_MANY_PARTS: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  MEDIA_EMPTY: 422,
  MEDIA_CORRUPT: 422,
  MEDIA_TOO_LARGE: 422,
  MEDIA_TOO_EXPENSIVE: 422,
  NO_VIDEO_STREAM: 422,
  UNSUPPORTED_CODEC: 422,
  NO_DECODABLE_FRAME: 422,
  // The machine has no ffmpeg: asking again changes nothing.
  VIDEO_UNAVAILABLE: 501,
  MEDIA_URL_REJECTED: 422,
  MEDIA_FETCH_FAILED: 422,
  RATE_LIMITED: 429,
  QUOTA_EXCEEDED: 429,
  QUEUE_FULL: 503,
  SHUTTING_DOWN: 503,
  MODEL_NOT_READY: 503,
  // The operator's mistakes, not the client's: the service runs without a model.
  MODEL_INVALID: 503,
  MODEL_NOT_FOUND: 503,
  // No route asks a hub; only the command line does.
  HUB_UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
  STORAGE_FULL: 507,
  INTERNAL: 500,
};

const logger = new Logger('http');

/**
 * What a client is told of a failure. What nobody foresaw goes to the log with its cause, and becomes INTERNAL.
 *
 * @param request whose failure it is, for the log.
 */
export function toPublicError(exception: unknown, request: Request): SalamandraError {
  const error = toSalamandraError(exception);
  if (error.code === 'INTERNAL') {
    const id = String(request.res?.getHeader('X-Request-Id'));
    logger.error(`${id} ${request.method} ${request.path} failed`, describe(exception));
  }
  return error;
}

function toSalamandraError(exception: unknown): SalamandraError {
  if (exception instanceof SalamandraError) return exception;
  if (exception instanceof HttpException && exception.getStatus() < 500) {
    return new SalamandraError('INVALID_REQUEST', 'The request could not be read.', {
      cause: exception,
    });
  }
  return new SalamandraError('INTERNAL', 'Internal error.', { cause: exception });
}

function describe(exception: unknown): string {
  const { stack, cause } = exception instanceof Error ? exception : new Error(String(exception));
  return cause === undefined ? String(stack) : `${String(stack)}\nCaused by: ${describe(cause)}`;
}
