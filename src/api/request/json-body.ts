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

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]); // [ {
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]); // ] }

/** Characters of a name that the scanner keeps: more than those it looks for. */
const MAX_NAME_LENGTH = 32;

/**
 * Bounds the structure of a JSON text before it is parsed: 12 MB of small values take seconds and a gigabyte to parse.
 * The text may arrive in pieces.
 */
export class JsonScanner {
  private depth = 0;
  private nodes = 1;
  private isString = false;
  private isEscaped = false;
  private name = '';
  private isValue = false;
  private stop: string | null = null;

  /** @param stopNames names of members before whose strings `scan` stops. */
  constructor(private readonly stopNames: ReadonlySet<string> = new Set()) {}

  /** The name of the member at whose string the last `scan` stopped; `null` if it did not stop. */
  get stoppedAt(): string | null {
    return this.stop;
  }

  /**
   * Scans the next piece, or a part of it. The caller may skip the rest of a string at which the scan stopped.
   *
   * @returns the length of the piece, or the index of the first byte of a string that is the value of a member in
   *   `stopNames`.
   * @throws INVALID_REQUEST above MAX_JSON_DEPTH levels or MAX_JSON_NODES values.
   */
  scan(piece: Uint8Array): number {
    this.stop = null;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at] as number;
      if (this.isString) this.scanString(byte);
      else if (byte === QUOTE) {
        this.isString = true;
        if (this.isValue && this.stopNames.has(this.name)) this.stop = this.name;
        this.isValue = false;
        this.name = '';
        if (this.stop !== null) return at + 1;
      } else this.scanStructure(byte);
    }
    return piece.length;
  }

  private scanString(byte: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === BACKSLASH) this.isEscaped = true;
    else if (byte === QUOTE) this.isString = false;
    else if (this.name.length < MAX_NAME_LENGTH) this.name += String.fromCharCode(byte);
  }

  private scanStructure(byte: number): void {
    if (byte === COMMA) {
      this.nodes += 1;
      this.isValue = false;
    } else if (byte === COLON) this.isValue = true;
    else if (OPENING.has(byte)) {
      this.depth += 1;
      this.nodes += 1;
      this.isValue = false;
    } else if (CLOSING.has(byte)) this.depth -= 1;
    if (this.depth > MAX_JSON_DEPTH || this.nodes > MAX_JSON_NODES) {
      throw new SalamandraError(
        'INVALID_REQUEST',
        `The body has more than ${MAX_JSON_DEPTH} levels or more than ${MAX_JSON_NODES} values.`,
      );
    }
  }
}

/** @throws the errors of `JsonScanner.scan`. */
export function checkJsonText(text: Uint8Array): void {
  new JsonScanner().scan(text);
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
