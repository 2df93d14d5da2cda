import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { isOpenAiPath, toOpenAiError } from '../openai/errors.js';
import { isOllamaPath, toOllamaError } from '../ollama/errors.js';
import { STATUS_BY_CODE, toProblem, toPublicError } from './problem.js';

/** HTTP methods by path, as the router registered them. */
export type AllowedMethods = ReadonlyMap<string, readonly string[]>;

/** Seconds, unless the error knows better: long enough for a model to load, short enough that clients do wait. */
const RETRY_AFTER_SECONDS = 5;

/** Turns every exception into a response: the error body of OpenAI or Ollama under their paths, else a problem. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly allowedMethods: AllowedMethods) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    // The client has disconnected; the exception is the cancellation of its request.
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const isNoRoute = exception instanceof HttpException && exception.getStatus() === 404;
    const error = isNoRoute
      ? this.toRouteError(request, response)
      : toPublicError(exception, request);
    response.locals['error'] = error;
    const status = STATUS_BY_CODE[error.code];
    if (status === 429 || status === 503) {
      const seconds = error.details?.['retry_after_seconds'] ?? RETRY_AFTER_SECONDS;
      response.setHeader('Retry-After', String(seconds));
    }
    response.status(status);
    if (isOpenAiPath(request.path)) {
      response.json(toOpenAiError(error));
      return;
    }
    if (isOllamaPath(request.path)) {
      response.json(toOllamaError(error));
      return;
    }
    const problem = toProblem(error, String(response.getHeader('X-Request-Id')));
    response.type('application/problem+json').send(JSON.stringify(problem));
  }

  /** Tells an unknown path from a known path with another method. */
  private toRouteError(request: Request, response: Response): SalamandraError {
    const allowed = this.allowedMethods.get(request.path.replace(/(.)\/$/, '$1'));
    if (!allowed) {
      return new SalamandraError('NOT_FOUND', 'Unknown path. GET /docs lists the routes.');
    }
    const methods = allowed.join(', ');
    response.setHeader('Allow', methods);
    return new SalamandraError(
      'METHOD_NOT_ALLOWED',
      `Method not allowed: this path accepts ${methods} only.`,
    );
  }
}
