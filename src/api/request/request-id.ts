import { randomUUID } from 'node:crypto';

import type { NextFunction, Request, Response } from 'express';

/** Names the request in its answer and in logs: by the caller's own id when it is a plain one. */
export function setRequestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.get('X-Request-Id');
  const id = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', id);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  next();
}
