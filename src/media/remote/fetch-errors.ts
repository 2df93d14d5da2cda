import {
  MAX_CONNECT_MS,
  MAX_REDIRECTS,
  MAX_RESPONSE_BODY_MS,
  MAX_RESPONSE_HEADERS_MS,
  MAX_URL_CHARACTERS,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { parseRetryAfter } from './retry-after.js';

/**
 * A URL or a redirect that violates a rule. Every violation gives the same message. Otherwise a client could tell
 * private addresses from names that do not exist, and map the service's network.
 */
export function rejectedUrl(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_URL_REJECTED',
    `The media URL is not allowed. Use http or https on port 80 or 443, without credentials, on a public host that the operator allows, with at most ${MAX_URL_CHARACTERS} characters and ${MAX_REDIRECTS} redirects.`,
    { cause },
  );
}

/** Why an allowed URL gave no usable response. */
export class FetchFailure extends Error {
  /**
   * @param reason a sentence for the owner of the URL
   * @param passes whether the same URL may work later
   */
  constructor(
    reason: string,
    readonly passes: boolean,
    readonly details: { status?: number; retry_after_seconds?: number } = {},
    cause?: unknown,
  ) {
    super(reason, { cause });
  }
}

/** An allowed URL that gave no usable response. Every reason gives the same message; see `explainFailure`. */
export function failedFetch(cause: FetchFailure): SalamandraError {
  const [connect, headers, body] = [MAX_CONNECT_MS, MAX_RESPONSE_HEADERS_MS, MAX_RESPONSE_BODY_MS];
  return new SalamandraError(
    'MEDIA_FETCH_FAILED',
    `The media URL returned no image or video within the time limits (connection ${connect / 1000} s, headers ${headers / 1000} s, body ${body / 1000} s). Check the URL, or send the file itself.`,
    { cause },
  );
}

/** Statuses below 500 after which another attempt may succeed: timeout, too early, too many requests. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** @param retryAfter the header of that name; empty if there is none */
export function failedStatus(status: number, retryAfter: string): SalamandraError {
  const passes = PASSING_STATUSES.has(status) || status >= 500;
  return failedFetch(
    new FetchFailure(
      `The server of the URL answered ${status}. ${passes ? 'Try again later.' : 'Open the URL in a browser, and correct it in the source.'}`,
      passes,
      passes ? detailsOfStatus(status, retryAfter) : { status },
    ),
  );
}

/** Details of an error, with the seconds that the server asks to wait. */
export function detailsOfStatus(status: number, retryAfter: string): FetchFailure['details'] {
  const delayMs = parseRetryAfter(retryAfter);
  return { status, ...(delayMs !== null && { retry_after_seconds: Math.ceil(delayMs / 1_000) }) };
}

/** Errors of Node.js for connections that may work later. All others are of TLS, HTTP or the compression. */
const PASSING_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ABORT_ERR', 'did not send the file within the time limits'],
  ['ETIMEDOUT', 'did not answer'],
  ['ECONNREFUSED', 'refused the connection'],
  ['ECONNRESET', 'closed the connection early'],
  ['ECONNABORTED', 'closed the connection early'],
  ['EPIPE', 'closed the connection early'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'closed the connection early'],
  ['Z_BUF_ERROR', 'closed the connection early'],
  ['EHOSTUNREACH', 'cannot be reached'],
  ['EHOSTDOWN', 'cannot be reached'],
  ['ENETUNREACH', 'cannot be reached'],
  ['ENETDOWN', 'cannot be reached'],
]);

/** @param cause an error of a connection */
export function failedConnection(cause: unknown): SalamandraError {
  const { code = '' } = (cause ?? {}) as NodeJS.ErrnoException;
  const passing = PASSING_ERRORS.get(code);
  const reason =
    passing === undefined
      ? `The server of the URL sent no valid TLS, HTTP or compression (${code}). Open the URL in a browser.`
      : `The server of the URL ${passing}. Try again later.`;
  return failedFetch(new FetchFailure(reason, passing !== undefined, {}, cause));
}

/**
 * The error of a fetch with its reason, and `retryable` as the reason says: for jobs, whose owner corrects the URLs and
 * whose items are tried again. Other errors are returned as they are.
 */
export function explainFailure(error: unknown): unknown {
  const cause = error instanceof SalamandraError ? error.cause : undefined;
  if (!(cause instanceof FetchFailure)) return error;
  const { message, passes, details } = cause;
  return new SalamandraError('MEDIA_FETCH_FAILED', message, { cause, details, retryable: passes });
}
