import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestEncrypted } from 'node:https';
import { isIP } from 'node:net';

import { MAX_REDIRECTS, MIN_RESPONSE_WINDOW_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkRedirect, checkUrl, type FetchPolicy, createGuardedLookup } from './ssrf-guard.js';
import { failedFetch, rejectedUrl } from './fetch-errors.js';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

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

/** The clocks of one request, joined with the caller's signal. */
export interface Deadline {
  /** Aborts when a clock runs out or the caller's signal aborts. */
  readonly signal: AbortSignal;
  /** Starts a phase: from now on, this long. */
  restart(milliseconds: number): void;
  /** From now on every window must bring the bytes. @returns what to tell of each arrival. */
  demandBytes(bytesPerWindow: number, windowMs: number): (bytes: number) => void;
  /** Ends the clocks. */
  stop(): void;
}

/** The clocks run from the first `restart` to `stop`. */
export function createDeadline(signal: AbortSignal): Deadline {
  const time = new AbortController();
  let phase: NodeJS.Timeout | undefined;
  let windows: NodeJS.Timeout | undefined;
  return {
    signal: AbortSignal.any([signal, time.signal]),
    restart: (milliseconds) => {
      clearTimeout(phase);
      phase = setTimeout(() => time.abort(), milliseconds);
    },
    demandBytes: (bytesPerWindow, windowMs) => {
      let arrived = 0;
      windows = setInterval(() => {
        if (arrived < bytesPerWindow) time.abort();
        arrived = 0;
      }, windowMs);
      return (bytes) => {
        arrived += bytes;
      };
    },
    stop: () => {
      clearTimeout(phase);
      clearInterval(windows);
    },
  };
}

/** `deflate` is zlib's format (RFC 9110, 8.4.1.2). */
const DECODERS: ReadonlyMap<string, () => NodeJS.ReadWriteStream> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * The bytes of a body, decompressed piece by piece, at the pace of the reader.
 *
 * @param countBytes told of each piece.
 * @throws MEDIA_FETCH_FAILED for an encoding that was not asked for, a damaged body, and a connection that ends early.
 */
export async function* readBody(
  response: IncomingMessage,
  countBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const decoded = decompress(response, response.headers['content-encoding']);
  try {
    for await (const chunk of decoded) {
      const bytes = chunk as unknown as Uint8Array;
      countBytes(bytes.length);
      yield bytes;
    }
  } catch (cause) {
    throw failedFetch(cause);
  }
}

/** A chain of encodings is what bombs are made of, and no media server sends one. */
function decompress(stream: Readable, encoding = 'identity'): NodeJS.ReadableStream {
  if (encoding.toLowerCase() === 'identity') return stream;
  const createDecoder = DECODERS.get(encoding.toLowerCase());
  if (!createDecoder) throw failedFetch();
  const decoder = createDecoder();
  // The reader of the decoder sees every error; both ends go together.
  pipeline(stream, decoder, () => undefined);
  return decoder;
}
