import type { Problem } from './api-types.js';

/**
 * A failed request: the service replied with a problem, could not be reached, or the connection broke during the reply.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    readonly kind: 'problem' | 'unreachable' | 'interrupted',
    readonly problem?: Problem,
  ) {
    super(problem?.detail ?? kind);
  }
}

/** Parses a problem from a response body (JSON text) or from the data of an event. Undefined if it is not a problem. */
export function readProblem(body: unknown): Problem | undefined {
  const value = typeof body === 'string' ? parse(body) : body;
  return isProblem(value) ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}
