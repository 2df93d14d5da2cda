import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestEncrypted } from 'node:https';
import { isIP } from 'node:net';

import { MAX_REDIRECTS, MIN_RESPONSE_WINDOW_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkRedirect, checkUrl } from './check-url.js';
import { createDeadline, type Deadline } from './deadline.js';
import { failedFetch, rejectedUrl } from './fetch-errors.js';
import type { FetchPolicy } from './fetch-policy.js';
import { createGuardedLookup } from './guarded-lookup.js';
import { readBody } from './response-body.js';

export interface GuardedResponse {
  readonly status: number;
  /** What the server declares, before decompression; null if it does not. */
  readonly declaredBytes: number | null;
  /** The decompressed body, to be read once. Throws MEDIA_FETCH_FAILED. */
  readonly body: AsyncIterable<Uint8Array>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_HEADER_BYTES = 16_384;
const HEADERS = {
  accept: 'image/*, video/*',
  'accept-encoding': 'identity',
  'user-agent': 'visual-salamandra',
};

/**
 * Gets a URL that a stranger chose. Every host, redirects included, is checked by the policy at the moment of connecting;
 * no proxy, cookie, credential or earlier connection takes part.
 *
 * @param read reads the response; the connection is closed when it settles.
 * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, what `read` throws, and the signal's reason.
 */
export async function requestGuarded<Result>(
  address: string,
  policy: FetchPolicy,
  signal: AbortSignal,
  read: (response: GuardedResponse) => Promise<Result>,
): Promise<Result> {
  const deadline = createDeadline(signal);
  try {
    let url = checkUrl(address, policy);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const response = await sendRequest(url, policy, deadline);
      try {
        if (!REDIRECTS.has(response.statusCode ?? 0)) {
          return await read(presentResponse(response, policy, deadline));
        }
        url = checkRedirect(response.headers.location ?? '', url, policy);
      } finally {
        response.destroy();
      }
    }
    throw rejectedUrl();
  } catch (error) {
    // Whatever broke because the caller left is not the server's failure.
    signal.throwIfAborted();
    throw error;
  } finally {
    deadline.stop();
  }
}

/** One connection for one request. Resolves with the headers; destroying the response closes the connection. */
function sendRequest(url: URL, policy: FetchPolicy, deadline: Deadline): Promise<IncomingMessage> {
  // Sockets look up names only, so a literal address is checked here.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !policy.admitsAddress(literal)) return Promise.reject(rejectedUrl());

  const isEncrypted = url.protocol === 'https:';
  const send = isEncrypted ? requestEncrypted : requestPlain;
  deadline.restart(policy.times.connectMs);
  return new Promise((resolve, reject) => {
    const request = send(url, {
      // No pool: neither connections nor TLS sessions are shared, and no proxy can be configured.
      agent: false,
      lookup: createGuardedLookup(policy),
      ca: policy.certificates,
      headers: HEADERS,
      maxHeaderSize: MAX_HEADER_BYTES,
      signal: deadline.signal,
    });
    request.once('socket', (socket) => {
      socket.once(isEncrypted ? 'secureConnect' : 'connect', () =>
        deadline.restart(policy.times.headersMs),
      );
    });
    request.once('response', (response) => {
      // A connection that ends before anyone reads must not become an uncaught error.
      response.on('error', () => undefined);
      resolve(response);
    });
    request.on('error', (error) =>
      reject(error instanceof SalamandraError ? error : failedFetch(error)),
    );
    // Some endings are no error to Node: an upgrade that nobody asked for. After a response this changes nothing.
    request.once('close', () => reject(failedFetch()));
    request.end();
  });
}

function presentResponse(
  response: IncomingMessage,
  { times }: FetchPolicy,
  deadline: Deadline,
): GuardedResponse {
  deadline.restart(times.bodyMs);
  const countBytes = deadline.demandBytes(MIN_RESPONSE_WINDOW_BYTES, times.windowMs);
  const declared = response.headers['content-length'];
  return {
    status: response.statusCode ?? 0,
    declaredBytes: declared === undefined ? null : Number(declared),
    body: readBody(response, countBytes),
  };
}
