import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestEncrypted } from 'node:https';

import type { HubAgents } from './proxy-agents.js';
import { brokenConnection, failedStatus, unexpectedResponse } from './hub-errors.js';
import type { HubPolicy } from './retry-policy.js';
import type { HubSettings } from './hub-settings.js';

/** What requests to one hub have in common. */
export interface HubConnection {
  readonly settings: HubSettings;
  readonly policy: HubPolicy;
  readonly agents: HubAgents;
}

export interface HubResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** The body, to be read once. Throws TransientFailure when it ends too early or stalls. */
  readonly body: AsyncIterable<Buffer>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;

/**
 * Gets an address and follows where it leads. The token goes to the hub's own origin alone, wherever redirects lead.
 *
 * @param read reads the response; the connection is given back when it settles.
 * @throws TransientFailure for what may pass by itself; SalamandraError for a status that will not; the signal's reason.
 */
export async function requestHub<Result>(
  address: URL,
  headers: Readonly<Record<string, string>>,
  hub: HubConnection,
  signal: AbortSignal,
  read: (response: HubResponse) => Promise<Result>,
): Promise<Result> {
  const clock = createStallClock(hub.policy, signal);
  try {
    let url = address;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const response = await send(url, headers, hub, clock.signal);
      try {
        const status = response.statusCode ?? 0;
        if (REDIRECTS.has(status)) {
          url = checkRedirect(response.headers.location, url);
          continue;
        }
        if (status < 200 || status > 299) throw explainStatus(response, url, hub);
        const body = readBody(response, clock.countBytes);
        return await read({ status, headers: response.headers, url, body });
      } finally {
        // Closes the connection, unless the body was read to its end; then the next request may have it.
        response.destroy();
      }
    }
    throw unexpectedResponse();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clock.stop();
  }
}

function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { settings, agents }: HubConnection,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isOwn = url.origin === new URL(settings.endpoint).origin;
  const agent = agents.agentFor(url);
  const request = (url.protocol === 'https:' ? requestEncrypted : requestPlain)(url, {
    agent,
    signal,
    headers: {
      // Sizes and ranges count the bytes of the file.
      'accept-encoding': 'identity',
      'user-agent': 'visual-salamandra',
      ...headers,
      ...(isOwn && settings.token !== null && { authorization: `Bearer ${settings.token}` }),
    },
  });
  return new Promise((resolve, reject) => {
    request.once('response', (response) => {
      // A connection that ends before anyone reads must not become an uncaught error.
      response.on('error', () => undefined);
      resolve(response);
    });
    request.on('error', (error) => reject(brokenConnection(error)));
    request.end();
  });
}

/** @throws HUB_UNAVAILABLE for a redirect to nowhere, or from an encrypted address to a plain one. */
function checkRedirect(location: string | undefined, from: URL): URL {
  if (location === undefined || !URL.canParse(location, from.href)) throw unexpectedResponse();
  const url = new URL(location, from);
  const isDowngrade = from.protocol === 'https:' && url.protocol !== 'https:';
  if (isDowngrade || !/^https?:$/.test(url.protocol)) throw unexpectedResponse();
  return url;
}

function explainStatus(response: IncomingMessage, url: URL, { settings }: HubConnection): Error {
  const { statusCode = 0, headers } = response;
  const isHub = url.origin === new URL(settings.endpoint).origin;
  return failedStatus(
    statusCode,
    {
      errorCode: String(headers['x-error-code'] ?? ''),
      retryAfter: headers['retry-after'] ?? '',
    },
    isHub ? 'hub' : 'storage',
    settings.token === null ? 'without-token' : 'with-token',
  );
}

async function* readBody(
  response: IncomingMessage,
  countBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) {
      const bytes = chunk as Buffer;
      countBytes(bytes.length);
      yield bytes;
    }
  } catch (cause) {
    throw brokenConnection(cause);
  }
}

/** Aborts when a window passes with hardly a byte, from the start of the request to its end. */
function createStallClock({ minWindowBytes, windowMs }: HubPolicy, signal: AbortSignal) {
  const stalled = new AbortController();
  let windowBytes = 0;
  const timer = setInterval(() => {
    if (windowBytes < minWindowBytes) stalled.abort();
    windowBytes = 0;
  }, windowMs);
  return {
    signal: AbortSignal.any([signal, stalled.signal]),
    countBytes: (bytes: number) => {
      windowBytes += bytes;
    },
    stop: () => clearInterval(timer),
  };
}
