/** A failure of a statement, as far as it decides what happens next. */
export type DatabaseFailure =
  /** It passes by itself or is mended by the operator: a full disk, a lock, a server that restarts. */
  | 'passing'
  /** The values are not accepted, and will not be: a text that is too long, a constraint. */
  | 'values';

/** Classes of SQLSTATE (PostgreSQL, appendix A) and result codes of SQLite that blame the values of a statement. */
const VALUE_CODES = /^(22|23|54)[0-9A-Z]{3}$|^SQLITE_(CONSTRAINT|TOOBIG|MISMATCH|RANGE)/;

/** Whether a statement that failed can succeed later. */
export function classifyDatabaseError(error: unknown): DatabaseFailure {
  if (VALUE_CODES.test(codeOf(error))) return 'values';
  // Thrown before the statement was sent: a value of a type that no column has.
  return error instanceof TypeError || error instanceof RangeError ? 'values' : 'passing';
}

/** The reason of a failed statement, without paths, addresses or SQL. */
export function describeDatabaseError(error: unknown): string {
  const code = codeOf(error);
  const reason = REASONS.find(([pattern]) => pattern.test(code))?.[1];
  if (reason !== undefined) return reason;
  // pg gives no code to a connection that is lost or not made in time.
  if (/connection|connect/i.test((error as Error).message)) return NO_ANSWER;
  return `error ${code || 'unknown'}`;
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

const NO_ANSWER = 'its server does not answer';

/** By the code of libsql, Node or PostgreSQL (its appendix A). */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_FULL|^ENOSPC|^53100/, 'the disk is full'],
  [/^SQLITE_READONLY|^EROFS|^25006/, 'it is read-only'],
  [
    /^EACCES|^EPERM|^SQLITE_CANTOPEN|^SQLITE_AUTH/,
    'its file or folder cannot be opened or written',
  ],
  [/^SQLITE_BUSY|^SQLITE_LOCKED/, 'another process holds its lock'],
  [/^SQLITE_CORRUPT|^SQLITE_NOTADB/, 'its file is damaged'],
  [/^SQLITE_IOERR/, 'its disk reports an error'],
  [/^ECONNREFUSED|^ENOTFOUND|^ETIMEDOUT|^ECONNRESET|^EPIPE|^EHOSTUNREACH|^57P|^08/, NO_ANSWER],
  [/^53300/, 'its server has no free connection'],
  [/^28/, 'its server rejects the user or the password'],
  [/^3D000/, 'there is no database of this name'],
  [/^42P01|^42703/, 'its tables are missing or of another version'],
];
