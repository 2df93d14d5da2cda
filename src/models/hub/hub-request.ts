import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

import type { HubAgents } from './proxy-agents.js';
import { brokenConnection, failedStatus, unexpectedResponse } from './hub-errors.js';
import type { HubPolicy } from './retry-policy.js';
import type { HubSettings } from './hub-settings.js';

/** Settings, limits and HTTP agents shared by all requests to a hub. */
export interface HubConnection {
  readonly settings: HubSettings;
  readonly policy: HubPolicy;
  readonly agents: HubAgents;
}

export interface HubResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** URL after redirects. */
  readonly url: URL;
  /** Can be iterated once. Throws TransientFailure if the connection breaks or stalls. */
  readonly body: AsyncIterable<Buffer>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;

/**
 * GET request that follows up to 5 redirects. The token is sent to the origin of HF_ENDPOINT only, never to redirect
 * targets on other hosts.
 *
 * @param read consumes the response; the connection is released afterwards.
 * @throws TransientFailure if a retry may help; HUB_UNAVAILABLE, UNAUTHENTICATED, FORBIDDEN, MODEL_NOT_FOUND otherwise;
 *   the signal's reason.
 */
export async function requestHub<Result>(
  address: URL,
  headers: Readonly<Record<string, string>>,
  hub: HubConnection,
  signal: AbortSignal,
  read: (response: HubResponse) => Promise<Result>,
): Promise<Result> {
  const stallTimer = createStallTimer(hub.policy, signal);
  try {
    let url = address;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const response = await send(url, headers, hub, stallTimer.signal);
      try {
        const status = response.statusCode ?? 0;
        if (REDIRECTS.has(status)) {
          url = checkRedirect(response.headers.location, url);
          continue;
        }
        if (status < 200 || status > 299) throw toStatusError(response, url, hub);
        const body = readBody(response, stallTimer.countBytes);
        return await read({ status, headers: response.headers, url, body });
      } finally {
        // Closes the connection if the body was not consumed; otherwise the agent has already taken it back.
        response.destroy();
      }
    }
    throw unexpectedResponse();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stallTimer.stop();
  }
}

function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { settings, agents }: HubConnection,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isHub = url.origin === new URL(settings.endpoint).origin;
  const agent = agents.agentFor(url);
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    agent,
    signal,
    headers: {
      // Compression would change sizes and ranges.
      'accept-encoding': 'identity',
      'user-agent': 'visual-salamandra',
      ...headers,
      ...(isHub && settings.token !== null && { authorization: `Bearer ${settings.token}` }),
    },
  });
  return new Promise((resolve, reject) => {
    request.once('response', (response) => {
      // Without a listener, an error before the body is read would be uncaught.
      response.on('error', () => undefined);
      resolve(response);
    });
    request.on('error', (error) => reject(brokenConnection(error)));
    request.end();
  });
}

/** @throws HUB_UNAVAILABLE for an invalid Location, or a redirect from https to http. */
function checkRedirect(location: string | undefined, from: URL): URL {
  if (location === undefined || !URL.canParse(location, from.href)) throw unexpectedResponse();
  const url = new URL(location, from);
  const isDowngrade = from.protocol === 'https:' && url.protocol !== 'https:';
  if (isDowngrade || !/^https?:$/.test(url.protocol)) throw unexpectedResponse();
  return url;
}

function toStatusError(response: IncomingMessage, url: URL, { settings }: HubConnection): Error {
  const { statusCode = 0, headers } = response;
  const isHub = url.origin === new URL(settings.endpoint).origin;
  return failedStatus({
    status: statusCode,
    errorCode: String(headers['x-error-code'] ?? ''),
    errorMessage: String(headers['x-error-message'] ?? ''),
    retryAfter: headers['retry-after'] ?? '',
    rateLimit: String(headers['ratelimit'] ?? ''),
    origin: isHub ? 'hub' : 'storage',
    token: settings.token === null ? 'without-token' : 'with-token',
    page: modelPage(url, settings.endpoint),
  });
}

/** `ENDPOINT/OWNER/NAME` of an API or file URL of the hub; the hub itself for any other URL. */
function modelPage(url: URL, endpoint: string): string {
  const path = url.href.startsWith(`${endpoint}/`) ? url.href.slice(endpoint.length) : '';
  const [, repository] =
    /^\/(?:api\/(?:resolve-cache\/)?models\/)?([\w.-]+\/[\w.-]+)(?:\/|$)/.exec(path) ?? [];
  return repository === undefined ? endpoint : `${endpoint}/${repository}`;
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

/** Aborts the request if a window of `windowMs` passes with fewer than `minWindowBytes`. */
function createStallTimer({ minWindowBytes, windowMs }: HubPolicy, signal: AbortSignal) {
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
