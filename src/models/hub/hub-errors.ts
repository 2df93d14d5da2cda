import { SalamandraError } from '../../errors/salamandra-error.js';
import { parseRetryAfter } from '../../media/remote/retry-after.js';

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
    /** The delay that the hub asks for; null if it names none. */
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

/** What a refused request asked for, and what the hub said besides the status. */
export interface Refusal {
  readonly status: number;
  /** `X-Error-Code` and `X-Error-Message`, Hugging Face's own headers; empty if there is none. */
  readonly errorCode: string;
  readonly errorMessage: string;
  /** `Retry-After` (RFC 9110) and `RateLimit` (IETF draft); empty if there is none. */
  readonly retryAfter: string;
  readonly rateLimit: string;
  /** `storage` for the redirect target (signed URL of a content network): its 4xx are not about the account. */
  readonly origin: 'hub' | 'storage';
  readonly token: 'with-token' | 'without-token';
  /** URL of the model page, for remedies. */
  readonly page: string;
}

/** The error for an HTTP status other than 2xx. */
export function failedStatus(refusal: Refusal): TransientFailure | SalamandraError {
  const { status, origin } = refusal;
  if (status === 429) return rateLimited(refusal);
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
    return new TransientFailure('hub-broken', outcome, requestedDelayMs(refusal));
  }
  const isDisabled = refusal.errorMessage === 'Access to this resource is disabled.';
  const explain = isDisabled
    ? disabled
    : (BY_ERROR_CODE.get(refusal.errorCode) ?? BY_STATUS.get(status));
  if (explain) return explain(refusal);
  return new SalamandraError('HUB_UNAVAILABLE', 'The hub rejected the request.', {
    details: { status },
    retryable: false,
  });
}

type Explain = (refusal: Refusal) => SalamandraError;

const gated: Explain = ({ token, page }) =>
  token === 'with-token'
    ? new SalamandraError(
        'FORBIDDEN',
        `The model is gated, and the account of HF_TOKEN has no access. Ask for it with that account on ${page}; some authors approve requests by hand.`,
      )
    : new SalamandraError(
        'UNAUTHENTICATED',
        `The model is gated. Accept its conditions on ${page}, create a token with read access and set HF_TOKEN.`,
      );

const disabled: Explain = ({ page }) =>
  new SalamandraError(
    'MODEL_NOT_FOUND',
    `The hub has disabled this repository, and no token gives access to it. See ${page}, or choose another model.`,
  );

const noRevision: Explain = ({ page }) =>
  new SalamandraError(
    'MODEL_NOT_FOUND',
    `The model has no such branch, tag or commit on the hub. Check --revision; ${page} lists them.`,
  );

const noFile: Explain = ({ page }) =>
  new SalamandraError(
    'MODEL_NOT_FOUND',
    `The hub lists a file of the model but does not have it. Compare with ${page}; a mirror (HF_ENDPOINT) may be incomplete.`,
  );

const noModel: Explain = ({ token }) =>
  new SalamandraError(
    'MODEL_NOT_FOUND',
    token === 'with-token'
      ? 'The hub has no such model, or the account of HF_TOKEN has no access to it. Check the name.'
      : 'The hub has no such public model. Check the name; for a private model set HF_TOKEN.',
  );

const unauthenticated: Explain = ({ token }) =>
  new SalamandraError(
    'UNAUTHENTICATED',
    token === 'with-token'
      ? 'The hub does not accept the token in HF_TOKEN: it is mistyped, expired or from another hub.'
      : 'The hub requires a token. Set HF_TOKEN.',
  );

const forbidden: Explain = ({ token }) =>
  new SalamandraError(
    'FORBIDDEN',
    token === 'with-token'
      ? 'The hub denies access to the model. HF_TOKEN needs read access to the repository.'
      : 'The hub denies access to the model. Set HF_TOKEN to a token with read access to the repository.',
  );

/** Values of X-Error-Code, as `hf_raise_for_status` of huggingface_hub reads them. They take precedence. */
const BY_ERROR_CODE: ReadonlyMap<string, Explain> = new Map([
  ['GatedRepo', gated],
  ['DisabledRepo', disabled],
  ['RevisionNotFound', noRevision],
  ['EntryNotFound', noFile],
  ['RepoNotFound', noModel],
]);

const BY_STATUS: ReadonlyMap<number, Explain> = new Map([
  [401, unauthenticated],
  [403, forbidden],
  [404, noModel],
  // Unavailable for legal reasons (RFC 7725).
  [451, disabled],
]);

/** The error for a response that no Hugging Face hub sends: a captive portal, a proxy page, a wrong HF_ENDPOINT. */
export function unexpectedResponse(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'HUB_UNAVAILABLE',
    'HF_ENDPOINT does not look like a Hugging Face hub, or it does not support Range requests. Check HF_ENDPOINT and HTTPS_PROXY.',
    { retryable: false, ...(cause !== undefined && { cause }) },
  );
}

function rateLimited(refusal: Refusal): TransientFailure {
  const waitMs = requestedDelayMs(refusal);
  const outcome = new SalamandraError(
    'RATE_LIMITED',
    `The hub limits the request rate; ${refusal.token === 'with-token' ? '' : 'with HF_TOKEN the limit is higher. '}${AGAIN}`,
    waitMs === null ? {} : { details: { seconds: Math.ceil(waitMs / 1000) } },
  );
  return new TransientFailure('hub-busy', outcome, waitMs);
}

function requestedDelayMs({ retryAfter, rateLimit }: Refusal): number | null {
  return parseRetryAfter(retryAfter) ?? parseRateLimit(rateLimit);
}

/** The hub rounds the seconds down: a request at the very second may come too early. */
const ROUNDING_MS = 1000;

/**
 * Milliseconds until requests are allowed again, from the RateLimit header (IETF draft-ietf-httpapi-ratelimit-headers):
 * `"api";r=0;t=143` means that no request is left in this window, which ends in 143 s. Commas separate policies.
 *
 * @returns null if no exhausted policy names a time.
 */
export function parseRateLimit(text: string): number | null {
  const seconds = text.split(',').flatMap((policy) => {
    const left = /;\s*r\s*=\s*(\d{1,9})/.exec(policy)?.[1];
    const reset = /;\s*t\s*=\s*(\d{1,9})/.exec(policy)?.[1];
    return reset === undefined || Number(left ?? 0) > 0 ? [] : [Number(reset)];
  });
  return seconds.length === 0 ? null : Math.max(...seconds) * 1000 + ROUNDING_MS;
}
