import type { NextFunction, Request, Response } from 'express';

import { MIN_UPLOAD_BYTES, MIN_UPLOAD_WINDOW_MS } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

/**
 * Express middleware that ends requests whose body arrives too slowly: below MIN_UPLOAD_BYTES per window. It passes
 * REQUEST_TIMEOUT to the error handlers and closes the connection after the response, since the rest of the body will
 * not be received.
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
      // Buffered data means that the service is the slow side, for example its disk.
      if (bytes >= MIN_UPLOAD_BYTES || request.readableLength > 0) return;
      clearInterval(timer);
      if (response.headersSent) return;
      response.setHeader('Connection', 'close');
      next(
        new SalamandraError(
          'REQUEST_TIMEOUT',
          `The body arrived too slowly: less than ${MIN_UPLOAD_BYTES} bytes in ${windowMs / 1_000} s.`,
        ),
      );
    }, windowMs);
    request.once('close', () => clearInterval(timer));
    next();
  };
}
