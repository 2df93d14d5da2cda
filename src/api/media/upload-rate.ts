import type { NextFunction, Request, Response } from 'express';

import { MIN_UPLOAD_BYTES, MIN_UPLOAD_WINDOW_MS } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

/**
 * Express middleware that cuts a request whose body comes too slowly, whoever reads it. The error goes to the error
 * handlers like any other; the connection ends with the answer, since the rest of the body is not waited for.
 *
 * @throws REQUEST_TIMEOUT, through `next`.
 */
export function createUploadRateGuard(windowMs = MIN_UPLOAD_WINDOW_MS) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const { socket } = request;
    let bytesBefore = socket.bytesRead;
    const timer = setInterval(() => {
      if (request.complete) {
        clearInterval(timer);
        return;
      }
      const bytes = socket.bytesRead - bytesBefore;
      bytesBefore = socket.bytesRead;
      // Who reads may be the slow one: a disk that does not keep up.
      if (bytes >= MIN_UPLOAD_BYTES || request.readableLength > 0) return;
      clearInterval(timer);
      if (response.headersSent) return;
      response.setHeader('Connection', 'close');
      next(new SalamandraError('REQUEST_TIMEOUT', 'The body came too slowly.'));
    }, windowMs);
    request.once('close', () => clearInterval(timer));
    next();
  };
}
