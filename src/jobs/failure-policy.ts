import { type ErrorCode, SalamandraError } from '../errors/salamandra-error.js';

/**
 * What happens to an item after an error.
 *
 * - `dead`: no retry will mend it. It becomes a dead letter at once.
 * - `retry`: it may pass. The item is tried again after a while, MAX_ATTEMPTS times in all.
 * - `hold`: the machine must be mended first, for example a full disk. The attempt does not count, and the job waits.
 * - `release`: this worker cannot work. Its items go back to the queue, and it ends.
 */
export type FailureAction = 'dead' | 'retry' | 'hold' | 'release';

/** Attempts of an item. Five losses in a row are more than chance: the item itself ends its worker. */
export const MAX_ATTEMPTS = 5;

/** Milliseconds, as those below. */
const FIRST_BACKOFF_MS = 5_000;
const MAX_BACKOFF_MS = 600_000;
/** The longest wait for an attempt. A server that asks for a longer one with Retry-After is asked earlier. */
export const MAX_DELAY_MS = 3_600_000;
/** That a job waits after a failure of the machine, such as a full disk. */
export const MAX_HOLD_MS = 60_000;
/** Retries of items that failed together are spread over this part of the delay. */
const JITTER = 0.3;

/** The type makes the compiler reject a missing error code. */
const ACTIONS: Readonly<Record<ErrorCode, FailureAction | 'retry-if-retryable'>> = {
  INVALID_REQUEST: 'dead',
  INVALID_JSON: 'dead',
  INVALID_BASE64: 'dead',
  UNKNOWN_FIELD: 'dead',
  INVALID_PARAMETER: 'dead',
  CONTEXT_LENGTH_EXCEEDED: 'dead',
  MULTIPART_MALFORMED: 'dead',
  UNAUTHENTICATED: 'dead',
  FORBIDDEN: 'dead',
  NOT_FOUND: 'dead',
  METHOD_NOT_ALLOWED: 'dead',
  PAYLOAD_TOO_LARGE: 'dead',
  TOO_MANY_PARTS: 'dead',
  UNSUPPORTED_MEDIA_TYPE: 'dead',
  UNSUPPORTED_FEATURE: 'dead',
  MEDIA_EMPTY: 'dead',
  MEDIA_CORRUPT: 'dead',
  MEDIA_TOO_LARGE: 'dead',
  MEDIA_TOO_EXPENSIVE: 'dead',
  NO_VIDEO_STREAM: 'dead',
  UNSUPPORTED_CODEC: 'dead',
  NO_DECODABLE_FRAME: 'dead',
  // Without ffmpeg every clip fails; images are captioned all the same.
  VIDEO_UNAVAILABLE: 'dead',
  MEDIA_URL_REJECTED: 'dead',
  REVIEW_CONFLICT: 'dead',
  // An address that does not exist, or a server that is busy.
  MEDIA_FETCH_FAILED: 'retry-if-retryable',
  RATE_LIMITED: 'retry',
  QUEUE_FULL: 'retry',
  REQUEST_TIMEOUT: 'retry',
  DEADLINE_EXCEEDED: 'retry',
  HUB_UNAVAILABLE: 'retry',
  SERVER_UNAVAILABLE: 'retry',
  INTERNAL: 'retry',
  // The inference worker crashed, perhaps because of this item. It is restarted.
  MODEL_NOT_READY: 'retry',
  SHUTTING_DOWN: 'release',
  MODEL_INVALID: 'release',
  MODEL_NOT_FOUND: 'release',
  MODEL_LOAD_FAILED: 'release',
  STORAGE_FULL: 'hold',
  STORAGE_UNAVAILABLE: 'hold',
};

export function actionAfter(error: unknown): FailureAction {
  if (!(error instanceof SalamandraError)) return 'retry';
  const action = ACTIONS[error.code];
  return action !== 'retry-if-retryable' ? action : error.retryable ? 'retry' : 'dead';
}

/** Milliseconds until the next attempt: the backoff, or longer where a server asked for it. @param attempts so far */
export function delayAfter(error: unknown, attempts: number): number {
  const details = error instanceof SalamandraError ? error.details : undefined;
  const seconds = Number(details?.['retry_after_seconds'] ?? 0);
  return Math.max(backoffMs(attempts), Math.min(seconds * 1_000, MAX_DELAY_MS));
}

/** Milliseconds until the next attempt: doubled after each, with jitter. @param attempts so far, at least 1. */
export function backoffMs(attempts: number, random = Math.random): number {
  const delay = Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS);
  return Math.round(delay * (1 - JITTER / 2 + JITTER * random()));
}
