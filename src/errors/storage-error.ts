import { SalamandraError } from './salamandra-error.js';

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * The error of a file that the service could not store or read in its temporary folder. It is the service's fault, so
 * the request can be sent again: STORAGE_FULL without room, STORAGE_UNAVAILABLE for every other reason, such as a
 * folder that is read-only, missing or forbidden, or too many open files.
 */
export function storageError(cause: unknown): SalamandraError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return FULL.has(code)
    ? new SalamandraError(
        'STORAGE_FULL',
        'The temporary folder of the service is full. Try again later, or send a smaller file.',
        { cause },
      )
    : new SalamandraError(
        'STORAGE_UNAVAILABLE',
        'The service cannot use its temporary folder. Try again later; its operator finds the reason in the log.',
        { cause },
      );
}
