import type { NextFunction, Request, Response } from 'express';

import { MAX_JSON_BYTES, MAX_JSON_DEPTH, MAX_JSON_NODES } from '../../config/limits.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';

/** Express middleware after the JSON parser. @throws UNKNOWN_FIELD for a reserved name. */
export function checkFieldNames(request: Request, _response: Response, next: NextFunction): void {
  checkNames(request.body);
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
  // Thrown by `checkJsonText` inside the parser.
  if (error instanceof SalamandraError) return error;
  const { type, status } = (error ?? {}) as { readonly type?: unknown; readonly status?: unknown };
  const known = typeof type === 'string' ? BODY_ERRORS[type] : undefined;
  if (known) return new SalamandraError(known[0], known[1], { cause: error });
  return typeof status === 'number' && status >= 400 && status < 500
    ? new SalamandraError('INVALID_REQUEST', 'The body was not received completely.', {
        cause: error,
      })
    : error;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]); // [ {
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]); // ] }

/**
 * Bounds the structure of a JSON text before it is parsed: 12 MB of small values take seconds and a gigabyte to parse.
 *
 * @throws INVALID_REQUEST above MAX_JSON_DEPTH levels or MAX_JSON_NODES values.
 */
export function checkJsonText(text: Uint8Array): void {
  let [depth, nodes, isString] = [0, 1, false];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number;
    if (isString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isString = false;
      continue;
    }
    if (byte === QUOTE) isString = true;
    else if (byte === COMMA) nodes += 1;
    else if (OPENING.has(byte)) {
      depth += 1;
      nodes += 1;
    } else if (CLOSING.has(byte)) depth -= 1;
    if (depth > MAX_JSON_DEPTH || nodes > MAX_JSON_NODES) {
      throw new SalamandraError(
        'INVALID_REQUEST',
        `The body has more than ${MAX_JSON_DEPTH} levels or more than ${MAX_JSON_NODES} values.`,
      );
    }
  }
}

/** Property names with a meaning in JavaScript. Later stages would drop them silently. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** @param value of a text that `checkJsonText` has bounded. @throws UNKNOWN_FIELD for a reserved name. */
export function checkNames(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const reserved = Object.keys(value).find((key) => RESERVED.has(key));
  if (reserved !== undefined) {
    throw new SalamandraError('UNKNOWN_FIELD', `"${reserved}" is not a field of any request.`);
  }
  for (const inner of Object.values(value)) checkNames(inner);
}
