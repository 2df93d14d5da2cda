import { STATUS_CODES } from 'node:http';

import type { SalamandraError } from '../../errors/salamandra-error.js';
import { InvalidFieldsError } from '../request/request-validation.js';
import { STATUS_BY_CODE } from './public-error.js';

/** RFC 9457 `application/problem+json`, with the members every error of this service has. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly retryable: boolean;
  /** Numbers and names that explain the fault. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly { readonly field: string; readonly detail: string }[];
}

/** Renders an error for a client: its public part and nothing else. */
export function toProblem(error: SalamandraError, requestId: string): Problem {
  const status = STATUS_BY_CODE[error.code];
  return {
    type: `urn:visual-salamandra:problem:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: error.code,
    detail: error.publicMessage,
    requestId,
    retryable: error.retryable,
    ...(error.details && { parameters: error.details }),
    ...(error instanceof InvalidFieldsError && { errors: error.errors }),
  };
}
