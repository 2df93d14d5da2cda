/** All error codes. The list is closed, so clients can switch over it. */
export const ERROR_CODES = [
  'INVALID_REQUEST',
  'INVALID_JSON',
  'INVALID_BASE64',
  'UNKNOWN_FIELD',
  'INVALID_PARAMETER',
  'CONTEXT_LENGTH_EXCEEDED',
  'MULTIPART_MALFORMED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'REQUEST_TIMEOUT',
  'PAYLOAD_TOO_LARGE',
  'TOO_MANY_PARTS',
  'UNSUPPORTED_MEDIA_TYPE',
  'UNSUPPORTED_FEATURE',
  'MEDIA_EMPTY',
  'MEDIA_CORRUPT',
  'MEDIA_TOO_LARGE',
  'MEDIA_TOO_EXPENSIVE',
  'NO_VIDEO_STREAM',
  'UNSUPPORTED_CODEC',
  'NO_DECODABLE_FRAME',
  'VIDEO_UNAVAILABLE',
  'MEDIA_URL_REJECTED',
  'MEDIA_FETCH_FAILED',
  'REVIEW_CONFLICT',
  'RATE_LIMITED',
  'QUEUE_FULL',
  'SHUTTING_DOWN',
  'MODEL_NOT_READY',
  'MODEL_INVALID',
  'MODEL_NOT_FOUND',
  'MODEL_LOAD_FAILED',
  'HUB_UNAVAILABLE',
  'SERVER_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'STORAGE_FULL',
  'STORAGE_UNAVAILABLE',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Public details: names, counts and limits. Never a path, a pointer or a library's message. */
export type ErrorDetails = Record<string, string | number | boolean | string[]>;

export interface SalamandraErrorOptions {
  details?: ErrorDetails | undefined;
  /** Whether the same request may succeed later. Defaults to the code's entry in RETRYABLE_CODES. */
  retryable?: boolean | undefined;
  /** The underlying error, for logs only. */
  cause?: unknown;
}

/** The error as sent to another process: without cause and stack, which may contain secrets. */
export interface SalamandraErrorJson {
  code: ErrorCode;
  publicMessage: string;
  details?: ErrorDetails;
  retryable: boolean;
}

const RETRYABLE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'REQUEST_TIMEOUT',
  'RATE_LIMITED',
  'QUEUE_FULL',
  'SHUTTING_DOWN',
  'MODEL_NOT_READY',
  'HUB_UNAVAILABLE',
  'SERVER_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'STORAGE_FULL',
  'STORAGE_UNAVAILABLE',
]);

/** The error for every anticipated failure. The API maps its code to an HTTP status. */
export class SalamandraError extends Error {
  override readonly name = 'SalamandraError';
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly details: ErrorDetails | undefined;
  readonly retryable: boolean;

  /**
   * `publicMessage` is sent to clients unchanged: the rule, limits, counts and short values of the request. It contains
   * no path of this machine, no secret and no message of a library.
   */
  constructor(code: ErrorCode, publicMessage: string, options: SalamandraErrorOptions = {}) {
    super(publicMessage, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.publicMessage = publicMessage;
    this.details = options.details;
    this.retryable = options.retryable ?? RETRYABLE_CODES.has(code);
  }

  toJSON(): SalamandraErrorJson {
    const { code, publicMessage, details, retryable } = this;
    return { code, publicMessage, ...(details && { details }), retryable };
  }

  /** Parses the result of `toJSON`. Any other value becomes `INTERNAL`, with the value as its cause. */
  static fromJSON(value: unknown): SalamandraError {
    if (!isSalamandraErrorJson(value)) {
      return new SalamandraError('INTERNAL', 'Internal error.', { cause: value });
    }
    const { code, publicMessage, details, retryable } = value;
    return new SalamandraError(code, publicMessage, { details, retryable });
  }
}

function isSalamandraErrorJson(value: unknown): value is SalamandraErrorJson {
  if (!isRecord(value)) return false;
  return (
    isErrorCode(value['code']) &&
    typeof value['publicMessage'] === 'string' &&
    typeof value['retryable'] === 'boolean' &&
    (value['details'] === undefined || isErrorDetails(value['details']))
  );
}

function isErrorCode(value: unknown): value is ErrorCode {
  return ERROR_CODES.some((code) => code === value);
}

function isErrorDetails(value: unknown): value is ErrorDetails {
  return isRecord(value) && Object.values(value).every(isDetail);
}

function isDetail(value: unknown): value is ErrorDetails[string] {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
