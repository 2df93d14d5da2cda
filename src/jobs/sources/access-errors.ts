import { SalamandraError } from '../../errors/salamandra-error.js';

type EntryCode = 'NOT_FOUND' | 'FORBIDDEN';

/** System errors of one file or folder. Any other is of the disk or the network drive, and concerns all files. */
const ENTRY_ERRORS: ReadonlyMap<string, readonly [EntryCode, string]> = new Map([
  ['ENOENT', ['NOT_FOUND', 'The file or folder does not exist.']],
  ['ENOTDIR', ['NOT_FOUND', 'The path is not a folder, or leads through a file.']],
  ['ELOOP', ['NOT_FOUND', 'The path leads through too many symbolic links.']],
  ['ENAMETOOLONG', ['NOT_FOUND', 'The path is too long for the operating system.']],
  ['EACCES', ['FORBIDDEN', 'The user of the service may not read the file or folder.']],
  // Node rejects paths with a zero byte.
  ['ERR_INVALID_ARG_VALUE', ['NOT_FOUND', 'The path is not valid.']],
  ['EPERM', ['FORBIDDEN', 'The user of the service may not read the file or folder.']],
]);

/**
 * The error for a file or folder that cannot be read: NOT_FOUND or FORBIDDEN if it concerns this one, else
 * STORAGE_UNAVAILABLE, retryable: while a drive is away, its files are not missing.
 *
 * @throws what is no error of the operating system
 */
export function accessError(cause: unknown): SalamandraError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  const known = ENTRY_ERRORS.get(code ?? '');
  if (known !== undefined) return new SalamandraError(...known, { cause });
  if (cause instanceof SalamandraError || code === undefined || !/^E[A-Z\d]+$/.test(code)) {
    throw cause;
  }
  return new SalamandraError(
    'STORAGE_UNAVAILABLE',
    `The drive of the source cannot be read (${code}). Check that it is mounted, and resume the job.`,
    { cause },
  );
}
