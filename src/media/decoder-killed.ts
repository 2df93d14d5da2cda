import { SalamandraError } from '../errors/salamandra-error.js';

/**
 * The error of a file whose decoder was killed from outside, by the kernel without memory or by a person. It says
 * nothing about the file, so the request can be sent again.
 */
export function decoderKilled(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'SERVER_UNAVAILABLE',
    'The process that decodes media was stopped from outside, usually because the machine ran out of memory. Try again.',
    { cause },
  );
}

export function isDecoderKilled(error: unknown): error is SalamandraError {
  return error instanceof SalamandraError && error.code === 'SERVER_UNAVAILABLE';
}
