import type { Request, Response } from 'express';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Who takes turns with whom: an address is a client, since nobody signs in here. */
export function clientOf(request: Request): string {
  return request.ip ?? '';
}

/** A signal that aborts when the client leaves before it has its answer. */
export const ClientSignal = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const response = context.switchToHttp().getResponse<Response>();
  const abort = new AbortController();
  if (response.destroyed) abort.abort();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort();
  });
  return abort.signal;
});
