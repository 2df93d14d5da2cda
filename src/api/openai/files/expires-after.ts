import { MAX_FILE_SECONDS, MIN_FILE_SECONDS } from '../../../config/batch-limits.js';
import { invalidParameter, isAbsent, readObject, rejectOthers } from '../request-body.js';

/**
 * The lifetime of a file in seconds: `{ anchor: 'created_at', seconds }`, also with the seconds as the text of a form.
 *
 * @throws INVALID_PARAMETER
 */
export function readExpiresAfter(value: unknown, parameter: string): number | undefined {
  if (isAbsent(value)) return undefined;
  const { anchor, seconds, ...others } = readObject(value, parameter);
  rejectOthers(others, parameter);
  if (anchor !== 'created_at') throw invalidParameter(`${parameter}.anchor`, 'must be created_at.');
  const isText = typeof seconds === 'string' && /^\d{1,9}$/.test(seconds);
  const number = isText ? Number(seconds) : seconds;
  const isValid =
    Number.isInteger(number) &&
    (number as number) >= MIN_FILE_SECONDS &&
    (number as number) <= MAX_FILE_SECONDS;
  if (isValid) return number as number;
  throw invalidParameter(
    `${parameter}.seconds`,
    `must be an integer from ${MIN_FILE_SECONDS} to ${MAX_FILE_SECONDS}.`,
  );
}
