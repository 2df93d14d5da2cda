import { type ErrorCode, SalamandraError } from '../errors/salamandra-error.js';

/** Printed by `--help`. Scripts rely on the numbers: never change them. */
export const EXIT_CODE_HELP = `
Exit codes:
  0    success
  1    internal error
  2    invalid arguments, settings or request; a file does not exist
  3    an image or a video cannot be used
  4    the model cannot be used
  5    busy or unavailable: try again
  6    a receipt is not confirmed: another text, or a wrong signature
  130  interrupted (Ctrl-C)
With several files or questions, the first failure decides.`;

export const INTERRUPTED = 130;

export const USAGE_ERROR = 2;

/** A text is not the one of its receipt, or the receipt is not as it was signed. */
export const RECEIPT_DIFFERS = 6;

const INTERNAL = 1;
const INVALID = USAGE_ERROR;
const MEDIA = 3;
const MODEL = 4;
const UNAVAILABLE = 5;

/** The type makes the compiler reject a missing error code. */
const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  INVALID_REQUEST: INVALID,
  INVALID_JSON: INVALID,
  INVALID_BASE64: INVALID,
  UNKNOWN_FIELD: INVALID,
  INVALID_PARAMETER: INVALID,
  CONTEXT_LENGTH_EXCEEDED: INVALID,
  MULTIPART_MALFORMED: INVALID,
  UNAUTHENTICATED: INVALID,
  FORBIDDEN: INVALID,
  NOT_FOUND: INVALID,
  METHOD_NOT_ALLOWED: INVALID,
  PAYLOAD_TOO_LARGE: INVALID,
  TOO_MANY_PARTS: INVALID,
  REVIEW_CONFLICT: INVALID,
  UNSUPPORTED_MEDIA_TYPE: MEDIA,
  UNSUPPORTED_FEATURE: MEDIA,
  MEDIA_EMPTY: MEDIA,
  MEDIA_CORRUPT: MEDIA,
  MEDIA_TOO_LARGE: MEDIA,
  MEDIA_TOO_EXPENSIVE: MEDIA,
  NO_VIDEO_STREAM: MEDIA,
  UNSUPPORTED_CODEC: MEDIA,
  NO_DECODABLE_FRAME: MEDIA,
  VIDEO_UNAVAILABLE: MEDIA,
  MEDIA_URL_REJECTED: MEDIA,
  MEDIA_FETCH_FAILED: MEDIA,
  MODEL_INVALID: MODEL,
  MODEL_NOT_FOUND: MODEL,
  MODEL_LOAD_FAILED: MODEL,
  REQUEST_TIMEOUT: UNAVAILABLE,
  RATE_LIMITED: UNAVAILABLE,
  QUEUE_FULL: UNAVAILABLE,
  SHUTTING_DOWN: UNAVAILABLE,
  MODEL_NOT_READY: UNAVAILABLE,
  HUB_UNAVAILABLE: UNAVAILABLE,
  SERVER_UNAVAILABLE: UNAVAILABLE,
  DEADLINE_EXCEEDED: UNAVAILABLE,
  STORAGE_FULL: UNAVAILABLE,
  STORAGE_UNAVAILABLE: UNAVAILABLE,
  INTERNAL,
};

/** The exit code of a failure: one number for each group of error codes. */
export function exitCodeOf(error: unknown): number {
  return error instanceof SalamandraError ? EXIT_CODES[error.code] : INTERNAL;
}
