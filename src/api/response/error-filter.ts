import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { isOpenAiPath, toOpenAiError } from '../openai/errors.js';
import { toProblem } from './problem.js';
import { toPublicError, STATUS_BY_CODE } from './public-error.js';

/** Methods of each path, as the router has them. */
export type AllowedMethods = ReadonlyMap<string, readonly string[]>;

/** Long enough for a queue to move or a model to load, short enough to be worth waiting. */
const RETRY_AFTER_SECONDS = '5';

/** The one place where an error becomes a response, in the form that its address promises. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
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
    const isNoRoute = exception instanceof HttpException && exception.getStatus() === 404;
    const error = isNoRoute
      ? this.toRouteError(request, response)
      : toPublicError(exception, request);
    const status = STATUS_BY_CODE[error.code];
    if (status === 429 || status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
    response.status(status);
    if (isOpenAiPath(request.path)) {
      response.json(toOpenAiError(error));
      return;
    }
    const problem = toProblem(error, String(response.getHeader('X-Request-Id')));
    response.type('application/problem+json').send(JSON.stringify(problem));
  }

  /** What the router did not find: the address, or the method at it. */
  private toRouteError(request: Request, response: Response): SalamandraError {
    const allowed = this.allowedMethods.get(request.path.replace(/(.)\/$/, '$1'));
    if (!allowed) return new SalamandraError('NOT_FOUND', 'There is nothing at this address.');
    response.setHeader('Allow', allowed.join(', '));
    return new SalamandraError('METHOD_NOT_ALLOWED', `This address takes ${allowed.join(', ')}.`);
  }
}
