import { SalamandraError } from '../../errors/salamandra-error.js';

const AGAIN = 'Run the same command again later; it goes on where it stopped.';

const NO_NAME = 'The name of the hub cannot be looked up: there may be no network.';
const NO_ROUTE =
  'The hub cannot be reached: look at the network, HF_ENDPOINT and the proxy settings.';

/** By the codes of Node. */
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

/** What may pass by itself. `outcome` is what the user is told when it does not. */
export class TransientFailure extends Error {
  override readonly name = 'TransientFailure';

  constructor(
    readonly reason: 'hub-busy' | 'hub-broken' | 'hub-unreachable',
    readonly outcome: SalamandraError,
    /** What the hub asks for. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(outcome.message, { cause: outcome });
  }
}

/** Nothing came of a request, or a connection ended too early. What no waiting mends is no transient failure. */
export function brokenConnection(cause: unknown): TransientFailure | SalamandraError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  if (UNTRUSTED.has(code)) {
    return new SalamandraError(
      'HUB_UNAVAILABLE',
      'The certificate of the hub is not trusted here; behind a proxy that opens TLS, name its certificate in NODE_EXTRA_CA_CERTS.',
      { cause, retryable: false },
    );
  }
  const unreachable = UNREACHABLE.get(code);
  return new TransientFailure(
    unreachable === undefined ? 'hub-broken' : 'hub-unreachable',
    new SalamandraError(
      'HUB_UNAVAILABLE',
      `${unreachable ?? 'The connection to the hub keeps breaking.'} ${AGAIN}`,
      { cause },
    ),
  );
}

/**
 * What a status other than success means.
 *
 * @param origin whose answer it is: the hub's, or that of the storage it sent us to, which knows no accounts.
 * @param errorCode the hub's header `X-Error-Code`.
 */
export function failedStatus(
  status: number,
  headers: { readonly errorCode: string; readonly retryAfter: string },
  origin: 'hub' | 'storage',
  token: 'with-token' | 'without-token',
): Error {
  if (status === 429) return busy(headers.retryAfter);
  if (status === 407) {
    return new SalamandraError(
      'HUB_UNAVAILABLE',
      'The proxy asks for a name and a password: HTTPS_PROXY takes them as http://name:password@host:port.',
    );
  }
  if (status === 408 || status >= 500 || origin === 'storage') {
    const outcome = new SalamandraError(
      'HUB_UNAVAILABLE',
      `The hub answers with an error of its own. ${AGAIN}`,
      { details: { status } },
    );
    return new TransientFailure('hub-broken', outcome, parseRetryAfter(headers.retryAfter));
  }
  return refused(status, headers.errorCode, token);
}

function refused(
  status: number,
  errorCode: string,
  token: 'with-token' | 'without-token',
): SalamandraError {
  if (errorCode === 'GatedRepo') {
    return token === 'with-token'
      ? new SalamandraError(
          'FORBIDDEN',
          'The model is gated, and this token has no access to it: accept its conditions on its page at the hub, with the account of the token, and wait until its authors agree where they ask for that.',
        )
      : new SalamandraError(
          'UNAUTHENTICATED',
          'The model is gated: accept its conditions on its page at the hub, make a token there that may read, and set HF_TOKEN.',
        );
  }
  if (status === 404 && errorCode === 'RevisionNotFound') {
    return new SalamandraError('MODEL_NOT_FOUND', 'The model has no such revision at the hub.');
  }
  if (errorCode === 'RepoNotFound' || status === 404) {
    return new SalamandraError(
      'MODEL_NOT_FOUND',
      token === 'with-token'
        ? 'The hub has no such model, or hides it from this token.'
        : 'The hub has no such model that everybody may see. For a private one set HF_TOKEN.',
    );
  }
  switch (status) {
    case 401:
      return new SalamandraError(
        'UNAUTHENTICATED',
        token === 'with-token'
          ? 'The hub does not accept the token: it may be mistyped, expired or of another hub. Set HF_TOKEN.'
          : 'The hub answers only with a token. Set HF_TOKEN.',
      );
    case 403:
      return new SalamandraError(
        'FORBIDDEN',
        'The hub refuses access to the model: the token lacks the right to read it.',
      );
    default:
      return new SalamandraError('HUB_UNAVAILABLE', 'The hub refuses the request.', {
        details: { status },
        retryable: false,
      });
  }
}

/** What cannot be an honest hub's answer. */
export function unexpectedResponse(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'HUB_UNAVAILABLE',
    'What answers is no hub, or one that does not know how to send parts of files: look at HF_ENDPOINT and the proxy settings.',
    { retryable: false, ...(cause !== undefined && { cause }) },
  );
}

function busy(retryAfter: string): TransientFailure {
  const waitMs = parseRetryAfter(retryAfter);
  const outcome = new SalamandraError(
    'RATE_LIMITED',
    `The hub takes no more requests from here for now; with HF_TOKEN set it may take more. ${AGAIN}`,
    waitMs === null ? {} : { details: { seconds: Math.ceil(waitMs / 1000) } },
  );
  return new TransientFailure('hub-busy', outcome, waitMs);
}

/** Milliseconds of a Retry-After: seconds, or a date (RFC 9110, 10.2.3). Null for anything else. */
export function parseRetryAfter(text: string, nowMs = Date.now()): number | null {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
