import type { NextFunction, Request, Response } from 'express';

import { MAX_JSON_DEPTH, MAX_JSON_NODES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { toBodyError } from '../media/transport-error.js';

/** Refuses bodies whose shape alone would exhaust the code that looks at them. Runs after the JSON parser. */
export function checkJsonShape(request: Request, _response: Response, next: NextFunction): void {
  checkShape(request.body);
  next();
}

/** Express error middleware that gives the JSON parser's errors their codes. */
export function translateBodyError(
  error: unknown,
  _request: Request,
  _response: Response,
  next: NextFunction,
): void {
  next(toBodyError(error));
}

/** @throws INVALID_REQUEST for a value with too many parts or levels, UNKNOWN_FIELD for reserved names. */
export function checkShape(body: unknown): void {
  let level: unknown[] = [body];
  let nodes = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    nodes += level.length;
    if (depth > MAX_JSON_DEPTH || nodes > MAX_JSON_NODES) {
      throw new SalamandraError(
        'INVALID_REQUEST',
        'The body is nested too deeply or has too many values.',
      );
    }
    level = level.flatMap((value) => (isCollection(value) ? listValues(value) : []));
  }
}

/** Keys that mean something to JavaScript itself; what reads the body next skips them without a word. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

function isCollection(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function listValues(value: object): unknown[] {
  if (Object.keys(value).some((key) => RESERVED.has(key))) {
    throw new SalamandraError('UNKNOWN_FIELD', 'The body has a field that no request has.');
  }
  return Object.values(value);
}
