import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Logger,
} from '@nestjs/common';
import type { Request, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { toProblem } from './problem.js';

/** Methods of each path, as the router has them. */
export type AllowedMethods = ReadonlyMap<string, readonly string[]>;

/** Long enough for a queue to move or a model to load, short enough to be worth waiting. */
const RETRY_AFTER_SECONDS = '5';

/** The one place where an error becomes a response. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  constructor(private readonly allowedMethods: AllowedMethods) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    // The client is gone; what its request threw was the cancellation.
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const error = this.toSalamandraError(exception, request, response);
    const requestId = String(response.getHeader('X-Request-Id'));
    const problem = toProblem(error, requestId);
    if (problem.status === 500) {
      this.logger.error(
        `${requestId} ${request.method} ${request.path} failed`,
        describe(exception),
      );
    }
    if (problem.status === 429 || problem.status === 503) {
      response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    }
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }

  private toSalamandraError(
    exception: unknown,
    request: Request,
    response: Response,
  ): SalamandraError {
    if (exception instanceof SalamandraError) return exception;
    if (exception instanceof HttpException && exception.getStatus() === 404) {
      const allowed = this.allowedMethods.get(request.path.replace(/(.)\/$/, '$1'));
      if (!allowed) return new SalamandraError('NOT_FOUND', 'There is nothing at this address.');
      response.setHeader('Allow', allowed.join(', '));
      return new SalamandraError('METHOD_NOT_ALLOWED', `This address takes ${allowed.join(', ')}.`);
    }
    if (exception instanceof HttpException && exception.getStatus() < 500) {
      return new SalamandraError('INVALID_REQUEST', 'The request could not be read.', {
        cause: exception,
      });
    }
    return new SalamandraError('INTERNAL', 'Internal error.', { cause: exception });
  }
}

function describe(exception: unknown): string {
  const { stack, cause } = exception instanceof Error ? exception : new Error(String(exception));
  return cause === undefined ? String(stack) : `${String(stack)}\nCaused by: ${describe(cause)}`;
}
