import { SalamandraError } from '../../errors/salamandra-error.js';

/** The invalid object: an installed package, a checkpoint to be converted, or either (checks that both share). */
type Subject = 'package' | 'checkpoint' | 'model';

const NOUNS: Readonly<Record<Subject, string>> = {
  package: 'model package',
  checkpoint: 'checkpoint',
  model: 'model',
};

const PACKAGE_REMEDY =
  ' Remove it (`npx salamandra models remove …`) and pull it again (`npx salamandra pull …`), or convert it again (`npx salamandra convert …`). The demo model is converted again by itself when it is loaded.';

/** Error with code MODEL_INVALID that keeps its parts, so that a caller can add the file. */
class InvalidModelError extends SalamandraError {
  constructor(
    readonly subject: Subject,
    readonly file: string | null,
    readonly problem: string,
    cause: unknown,
  ) {
    const where = file === null ? '' : `${file}: `;
    const remedy = subject === 'package' ? PACKAGE_REMEDY : '';
    super('MODEL_INVALID', `Invalid ${NOUNS[subject]}: ${where}${problem}.${remedy}`, {
      ...(cause !== undefined && { cause }),
    });
  }
}

/**
 * MODEL_INVALID for a check that packages and checkpoints share.
 *
 * @param problem clause without a full stop: the field, the rule and the value found. It reaches clients, so it holds
 *   field names, numbers and short plain strings only. Texts of libraries go into `cause`.
 */
export function invalidModel(problem: string, cause?: unknown): SalamandraError {
  return new InvalidModelError('model', null, problem, cause);
}

/** MODEL_INVALID for a file of a model package. @param problem see `invalidModel`. */
export function invalidPackage(file: string, problem: string, cause?: unknown): SalamandraError {
  return new InvalidModelError('package', file, problem, cause);
}

/**
 * MODEL_INVALID for a checkpoint.
 *
 * @param file null if several files are concerned.
 * @param problem see `invalidModel`.
 */
export function invalidCheckpoint(
  file: string | null,
  problem: string,
  cause?: unknown,
): SalamandraError {
  return new InvalidModelError('checkpoint', file, problem, cause);
}

/**
 * Adds the file to an error of `invalidModel` or `invalidCheckpoint` that names none. Returns other errors unchanged.
 */
export function withFile(error: unknown, subject: 'package' | 'checkpoint', file: string): unknown {
  if (!(error instanceof InvalidModelError) || error.file !== null) return error;
  return new InvalidModelError(subject, file, error.problem, error.cause);
}

/** Runs `check`; its MODEL_INVALID errors name the file. See `withFile`. */
export function checkingFile<T>(
  subject: 'package' | 'checkpoint',
  file: string,
  check: () => T,
): T {
  try {
    return check();
  } catch (error) {
    throw withFile(error, subject, file);
  }
}

/**
 * Runs `check`; its MODEL_INVALID errors end with the remedy.
 *
 * @param remedy sentence without a full stop.
 */
export function withRemedy<T>(remedy: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof InvalidModelError)) throw error;
    const { subject, file, problem, cause } = error;
    throw new InvalidModelError(subject, file, `${problem}. ${remedy}`, cause);
  }
}

/** A name from a file for an error message. Names are untrusted, so only plain ones are repeated. */
export function quoteName(name: string): string {
  return /^[\w./:-]{1,120}$/.test(name) ? `\`${name}\`` : '(name not printable)';
}
