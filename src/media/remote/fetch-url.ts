import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { MAX_REDIRECTS, MIN_RESPONSE_WINDOW_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  explainFailure,
  failedConnection,
  failedFetch,
  FetchFailure,
  rejectedUrl,
} from './fetch-errors.js';
import { checkRedirect, checkUrl, createGuardedLookup, type FetchPolicy } from './ssrf-guard.js';

export interface UrlResponse {
  readonly status: number;
  /** `Content-Length`, before decompression; `null` if the server does not send it. */
  readonly declaredBytes: number | null;
  /** `Retry-After`; empty if the server does not send it. */
  readonly retryAfter: string;
  /** The decompressed body. Can be consumed once. @throws MEDIA_FETCH_FAILED */
  readonly body: AsyncIterable<Uint8Array>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_HEADER_BYTES = 16_384;
const MEDIA_TYPES = 'image/*, video/*';
const USER_AGENT = { 'user-agent': 'visual-salamandra' };

interface SentRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * GET of an untrusted URL. The policy checks every host, redirects included, at the moment of connecting. Proxies,
 * cookies, credentials and pooled connections are not used.
 *
 * @param read consumes the response; the connection is closed when it settles
 * @param accept the media types to ask for
 * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, the errors of `read`, and the signal's reason
 */
export async function fetchUrl<Result>(
  address: string,
  policy: FetchPolicy,
  signal: AbortSignal,
  read: (response: UrlResponse) => Promise<Result>,
  accept = MEDIA_TYPES,
): Promise<Result> {
  const deadline = createDeadline(signal);
  const get = { method: 'GET', headers: { accept, 'accept-encoding': 'identity' } } as const;
  try {
    let url = checkUrl(address, policy);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const response = await sendRequest(url, get, policy, deadline);
      try {
        if (!REDIRECTS.has(response.statusCode ?? 0)) {
          return await read(toUrlResponse(response, policy, deadline));
        }
        url = checkRedirect(response.headers.location ?? '', url, policy);
      } finally {
        response.destroy();
      }
    }
    throw rejectedUrl();
  } catch (error) {
    // After an abort by the caller, the connection error is only a consequence.
    signal.throwIfAborted();
    throw policy.failures === 'explained' ? explainFailure(error) : error;
  } finally {
    deadline.stop();
  }
}

/**
 * POST to an untrusted URL, under the same guard as `fetchUrl`. Redirects are not followed, and the body of the
 * response is not read.
 *
 * @returns the status of the response.
 * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, the signal's reason
 */
export async function postUrl(
  address: string,
  policy: FetchPolicy,
  message: Omit<SentRequest, 'method'>,
  signal: AbortSignal,
): Promise<number> {
  const deadline = createDeadline(signal);
  try {
    const url = checkUrl(address, policy);
    const response = await sendRequest(url, { method: 'POST', ...message }, policy, deadline);
    response.destroy();
    return response.statusCode ?? 0;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    deadline.stop();
  }
}

/** Opens one connection for one request. Resolves with the headers. Destroying the response closes the connection. */
function sendRequest(
  url: URL,
  { method, headers, body }: SentRequest,
  policy: FetchPolicy,
  deadline: Deadline,
): Promise<IncomingMessage> {
  // Sockets call `lookup` for names only, so literal addresses are checked here.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !policy.allowsAddress(literal)) return Promise.reject(rejectedUrl());

  const isHttps = url.protocol === 'https:';
  const send = isHttps ? requestHttps : requestHttp;
  deadline.restart(policy.times.connectMs);
  return new Promise((resolve, reject) => {
    const request = send(url, {
      // No agent: connections and TLS sessions are not shared, and no proxy can be configured.
      agent: false,
      lookup: createGuardedLookup(policy),
      ca: policy.certificates,
      method,
      headers: { ...USER_AGENT, ...headers },
      maxHeaderSize: MAX_HEADER_BYTES,
      signal: deadline.signal,
    });
    request.once('socket', (socket) => {
      socket.once(isHttps ? 'secureConnect' : 'connect', () =>
        deadline.restart(policy.times.headersMs),
      );
    });
    request.once('response', (response) => {
      // Without a listener, a connection that breaks before the body is consumed is an uncaught error.
      response.on('error', () => undefined);
      resolve(response);
    });
    request.on('error', (error) =>
      reject(error instanceof SalamandraError ? error : failedConnection(error)),
    );
    // Node emits no error for some endings, such as an unrequested upgrade. No effect after a response.
    request.once('close', () => reject(failedConnection({ code: 'ECONNRESET' })));
    request.end(body);
  });
}

function toUrlResponse(
  response: IncomingMessage,
  { times }: FetchPolicy,
  deadline: Deadline,
): UrlResponse {
  deadline.restart(times.bodyMs);
  const onChunk = deadline.requireThroughput(MIN_RESPONSE_WINDOW_BYTES, times.windowMs);
  const declared = response.headers['content-length'];
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'] ?? '',
    declaredBytes: declared === undefined ? null : Number(declared),
    body: decodeBody(response, onChunk),
  };
}

/** Timeouts of one request, combined with the caller's signal. */
interface Deadline {
  /** Aborts on a timeout or with the caller's signal. */
  readonly signal: AbortSignal;
  /** Starts a new phase with its own timeout. */
  restart(milliseconds: number): void;
  /** From now on, a window with fewer bytes is a timeout. @returns a function to call with the size of each chunk */
  requireThroughput(bytesPerWindow: number, windowMs: number): (bytes: number) => void;
  /** Clears the timers. */
  stop(): void;
}

function createDeadline(signal: AbortSignal): Deadline {
  const timeout = new AbortController();
  let phase: NodeJS.Timeout | undefined;
  let windows: NodeJS.Timeout | undefined;
  return {
    signal: AbortSignal.any([signal, timeout.signal]),
    restart: (milliseconds) => {
      clearTimeout(phase);
      phase = setTimeout(() => timeout.abort(), milliseconds);
    },
    requireThroughput: (bytesPerWindow, windowMs) => {
      let received = 0;
      windows = setInterval(() => {
        if (received < bytesPerWindow) timeout.abort();
        received = 0;
      }, windowMs);
      return (bytes) => {
        received += bytes;
      };
    },
    stop: () => {
      clearTimeout(phase);
      clearInterval(windows);
    },
  };
}

/** Content codings (RFC 9110, section 8.4.1). `deflate` is the zlib format. */
const CONTENT_DECODERS: ReadonlyMap<string, () => NodeJS.ReadWriteStream> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * The decompressed body, chunk by chunk, with back-pressure.
 *
 * @param onChunk called with the size of each decompressed chunk
 * @throws MEDIA_FETCH_FAILED for an unknown content coding, a damaged body, or a connection that closes early
 */
async function* decodeBody(
  response: IncomingMessage,
  onChunk: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const decoded = decompress(response, response.headers['content-encoding']);
  try {
    for await (const chunk of decoded) {
      const bytes = chunk as unknown as Uint8Array;
      onChunk(bytes.length);
      yield bytes;
    }
  } catch (cause) {
    throw failedConnection(cause);
  }
}

/** One content coding at most: several in a chain serve decompression bombs, and no media server sends them. */
function decompress(stream: Readable, encoding = 'identity'): NodeJS.ReadableStream {
  if (encoding.toLowerCase() === 'identity') return stream;
  const createDecoder = CONTENT_DECODERS.get(encoding.toLowerCase());
  if (!createDecoder) {
    throw failedFetch(
      new FetchFailure(
        'The server of the URL compresses in a way that is not read. Send the file itself.',
        false,
      ),
    );
  }
  const decoder = createDecoder();
  // The consumer of the decoder gets every error; destroying either stream destroys both.
  pipeline(stream, decoder, () => undefined);
  return decoder;
}
