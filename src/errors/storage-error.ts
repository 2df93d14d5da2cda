import { SalamandraError } from './salamandra-error.js';

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * The error of a file that the service could not store or read in one of its folders. It is the service's fault, so
 * the request can be sent again: STORAGE_FULL without room, STORAGE_UNAVAILABLE for every other reason, such as a
 * folder that is read-only, missing or forbidden, or too many open files.
 *
 * @param place the folder, as it is called in the message.
 */
export function storageError(cause: unknown, place = 'temporary folder'): SalamandraError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return FULL.has(code)
    ? new SalamandraError(
        'STORAGE_FULL',
        `The ${place} of the service is full. Try again later, or send a smaller file.`,
        { cause },
      )
    : new SalamandraError(
        'STORAGE_UNAVAILABLE',
        `The service cannot use its ${place}. Try again later; its operator finds the reason in the log.`,
        { cause },
      );
}
