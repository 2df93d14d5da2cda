import { SalamandraError } from '../../errors/salamandra-error.js';

const AGAIN = 'Run the same command again later: it resumes the download.';

const NO_NAME = 'The host name of the hub cannot be resolved. Check the network and HF_ENDPOINT.';
const NO_ROUTE = 'The hub cannot be reached. Check the network, HF_ENDPOINT and HTTPS_PROXY.';

/** Messages by the error codes of Node.js. */
const UNREACHABLE: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOTFOUND', NO_NAME],
  ['EAI_AGAIN', NO_NAME],
  ['ECONNREFUSED', NO_ROUTE],
  ['EHOSTUNREACH', NO_ROUTE],
  ['ENETUNREACH', NO_ROUTE],
  ['ETIMEDOUT', NO_ROUTE],
]);

const UNTRUSTED: ReadonlySet<string | undefined> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** A failure worth retrying. `outcome` is the error for the user when all retries fail. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure';

  constructor(
    readonly reason: 'hub-busy' | 'hub-broken' | 'hub-unreachable',
    readonly outcome: SalamandraError,
    /** Value of Retry-After. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(outcome.message, { cause: outcome });
  }
}

/** The error for a failed or interrupted connection. Untrusted certificates are permanent, all others transient. */
export function brokenConnection(cause: unknown): TransientFailure | SalamandraError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  if (UNTRUSTED.has(code)) {
    return new SalamandraError(
      'HUB_UNAVAILABLE',
      'The TLS certificate of the hub is not trusted. If a proxy intercepts TLS, set NODE_EXTRA_CA_CERTS to the file of its CA certificate.',
      { cause, retryable: false },
    );
  }
  const unreachable = UNREACHABLE.get(code);
  return new TransientFailure(
    unreachable === undefined ? 'hub-broken' : 'hub-unreachable',
    new SalamandraError(
      'HUB_UNAVAILABLE',
      `${unreachable ?? 'The connection to the hub was interrupted repeatedly.'} ${AGAIN}`,
      { cause },
    ),
  );
}

/**
 * The error for an HTTP status other than 2xx.
 *
 * @param headers `X-Error-Code` (Hugging Face's own) and `Retry-After`.
 * @param origin `storage` for the redirect target (signed URL of a content network): its 4xx are not about the account.
 */
export function failedStatus(
  status: number,
  headers: { readonly errorCode: string; readonly retryAfter: string },
  origin: 'hub' | 'storage',
  token: 'with-token' | 'without-token',
): Error {
  if (status === 429) return rateLimited(headers.retryAfter);
  if (status === 407) {
    return new SalamandraError(
      'HUB_UNAVAILABLE',
      'The proxy requires authentication (HTTP 407). Set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT.',
    );
  }
  if (status === 408 || status >= 500 || origin === 'storage') {
    const outcome = new SalamandraError(
      'HUB_UNAVAILABLE',
      `The hub reports a server error. ${AGAIN}`,
      { details: { status } },
    );
    return new TransientFailure('hub-broken', outcome, parseRetryAfter(headers.retryAfter));
  }
  return toRefusal(status, headers.errorCode, token);
}

function toRefusal(
  status: number,
  errorCode: string,
  token: 'with-token' | 'without-token',
): SalamandraError {
  if (errorCode === 'GatedRepo') {
    return token === 'with-token'
      ? new SalamandraError(
          'FORBIDDEN',
          'The model is gated and the account of HF_TOKEN has no access. Accept its conditions on the model page with that account; some authors approve requests manually.',
        )
      : new SalamandraError(
          'UNAUTHENTICATED',
          'The model is gated. Accept its conditions on the model page, create a token with read access and set HF_TOKEN.',
        );
  }
  if (status === 404 && errorCode === 'RevisionNotFound') {
    return new SalamandraError(
      'MODEL_NOT_FOUND',
      'The model has no such branch, tag or commit on the hub. Check --revision.',
    );
  }
  if (errorCode === 'RepoNotFound' || status === 404) {
    return new SalamandraError(
      'MODEL_NOT_FOUND',
      token === 'with-token'
        ? 'The hub has no such model, or the account of HF_TOKEN has no access to it. Check the name.'
        : 'The hub has no such public model. Check the name; for a private model set HF_TOKEN.',
    );
  }
  switch (status) {
    case 401:
      return new SalamandraError(
        'UNAUTHENTICATED',
        token === 'with-token'
          ? 'The hub does not accept the token in HF_TOKEN: it is mistyped, expired or from another hub.'
          : 'The hub requires a token. Set HF_TOKEN.',
      );
    case 403:
      return new SalamandraError(
        'FORBIDDEN',
        'The hub denies access to the model. HF_TOKEN needs read access to the repository.',
      );
    default:
      return new SalamandraError('HUB_UNAVAILABLE', 'The hub rejected the request.', {
        details: { status },
        retryable: false,
      });
  }
}

/** The error for a response that no Hugging Face hub sends: a captive portal, a proxy page, a wrong HF_ENDPOINT. */
export function unexpectedResponse(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'HUB_UNAVAILABLE',
    'HF_ENDPOINT does not look like a Hugging Face hub, or it does not support Range requests. Check HF_ENDPOINT and HTTPS_PROXY.',
    { retryable: false, ...(cause !== undefined && { cause }) },
  );
}

function rateLimited(retryAfter: string): TransientFailure {
  const waitMs = parseRetryAfter(retryAfter);
  const outcome = new SalamandraError(
    'RATE_LIMITED',
    `The hub limits the request rate; with HF_TOKEN the limit is higher. ${AGAIN}`,
    waitMs === null ? {} : { details: { seconds: Math.ceil(waitMs / 1000) } },
  );
  return new TransientFailure('hub-busy', outcome, waitMs);
}

/** Retry-After in milliseconds (RFC 9110, section 10.2.3: seconds or a date), or null for other values. */
export function parseRetryAfter(text: string, nowMs = Date.now()): number | null {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
