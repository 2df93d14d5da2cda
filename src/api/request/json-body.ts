import type { NextFunction, Request, Response } from 'express';

import { MAX_JSON_BYTES, MAX_JSON_DEPTH, MAX_JSON_NODES } from '../../config/limits.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';

/** Express middleware after the JSON parser. @throws the codes of `checkShape`. */
export function checkJsonShape(request: Request, _response: Response, next: NextFunction): void {
  checkShape(request.body);
  next();
}

/** Express error middleware after the JSON parser. */
export function translateBodyError(
  error: unknown,
  _request: Request,
  _response: Response,
  next: NextFunction,
): void {
  next(toBodyError(error));
}

/** Error types of body-parser. */
const BODY_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  'entity.parse.failed': ['INVALID_JSON', 'The body is not valid JSON.'],
  'entity.too.large': [
    'PAYLOAD_TOO_LARGE',
    `The JSON body is larger than ${MAX_JSON_BYTES} bytes. Send files as multipart/form-data.`,
  ],
  'encoding.unsupported': [
    'UNSUPPORTED_MEDIA_TYPE',
    'Compressed bodies are not supported. Send the body without Content-Encoding.',
  ],
  'charset.unsupported': ['UNSUPPORTED_MEDIA_TYPE', 'The JSON body must be encoded in UTF-8.'],
};

/** Other errors than those of body-parser pass unchanged. */
function toBodyError(error: unknown): unknown {
  const { type, status } = (error ?? {}) as { readonly type?: unknown; readonly status?: unknown };
  const known = typeof type === 'string' ? BODY_ERRORS[type] : undefined;
  if (known) return new SalamandraError(known[0], known[1], { cause: error });
  return typeof status === 'number' && status >= 400 && status < 500
    ? new SalamandraError('INVALID_REQUEST', 'The body was not received completely.', {
        cause: error,
      })
    : error;
}

/** Property names with a meaning in JavaScript. Later stages would drop them silently. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Protects the stages after the parser against bodies whose shape alone is expensive.
 *
 * @throws INVALID_REQUEST above MAX_JSON_DEPTH levels or MAX_JSON_NODES values, UNKNOWN_FIELD for reserved names.
 */
export function checkShape(body: unknown): void {
  let level: unknown[] = [body];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    nodes += level.length;
    if (depth > MAX_JSON_DEPTH || nodes > MAX_JSON_NODES) {
      throw new SalamandraError(
        'INVALID_REQUEST',
        `The body has more than ${MAX_JSON_DEPTH} levels or more than ${MAX_JSON_NODES} values.`,
      );
    }
    level = level.flatMap((value) => (isCollection(value) ? listValues(value) : []));
  }
}

function isCollection(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function listValues(value: object): unknown[] {
  const reserved = Object.keys(value).find((key) => RESERVED.has(key));
  if (reserved !== undefined) {
    throw new SalamandraError('UNKNOWN_FIELD', `"${reserved}" is not a field of any request.`);
  }
  return Object.values(value);
}
