import type { Problem } from './api-types.js';

/** A request to the service that failed: with a problem, without any answer, or in the middle of one. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    readonly kind: 'problem' | 'unreachable' | 'interrupted',
    readonly problem?: Problem,
  ) {
    super(problem?.detail ?? kind);
  }
}

/** The problem that a body holds, whole (as text) or as the data of an event; undefined for anything else. */
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
