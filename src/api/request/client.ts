import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';

/** The client of a request for fair queueing and cache separation: its IP address, since there is no authentication. */
export function clientOf(request: Request): string {
  return request.ip ?? '';
}

/** Parameter decorator: a signal that aborts if the client disconnects before the response is complete. */
export const ClientSignal = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const response = context.switchToHttp().getResponse<Response>();
  const abort = new AbortController();
  if (response.destroyed) abort.abort();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort();
  });
  return abort.signal;
});
