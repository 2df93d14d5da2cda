import { HttpException, Logger } from '@nestjs/common';
import type { Request } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';

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
