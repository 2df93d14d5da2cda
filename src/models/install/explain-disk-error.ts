import { SalamandraError } from '../../errors/salamandra-error.js';

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const REFUSED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** A file system's refusal in words for the user; every other error as it is. */
export function explainDiskError(error: unknown): unknown {
  if (error instanceof SalamandraError) return error;
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (FULL.has(code)) {
    return new SalamandraError(
      'STORAGE_FULL',
      'The disk is full. Free some room and run the same command again; it goes on where it stopped.',
      { cause: error },
    );
  }
  if (REFUSED.has(code)) {
    return new SalamandraError(
      'INVALID_PARAMETER',
      'The home folder cannot be written; SALAMANDRA_HOME names another.',
      { cause: error },
    );
  }
  return error;
}
