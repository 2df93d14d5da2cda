import type { ServerResponse } from 'node:http';

import {
  MAX_FIRST_EVENT_MS,
  MAX_STREAM_STALL_MS,
  STREAM_HEARTBEAT_MS,
} from '../../config/limits.js';

/** One server-sent event. */
export interface SseMessage {
  /** The client sends the last one as `Last-Event-ID` when it connects again. */
  readonly id?: string;
  /** Undefined: the client's default, `message`. */
  readonly event?: string;
  readonly data: string;
}

/** Milliseconds. Tests shorten them. */
export interface StreamTimes {
  readonly firstEventMs: number;
  readonly heartbeatMs: number;
  readonly stallMs: number;
}

const STREAM_TIMES: StreamTimes = {
  firstEventMs: MAX_FIRST_EVENT_MS,
  heartbeatMs: STREAM_HEARTBEAT_MS,
  stallMs: MAX_STREAM_STALL_MS,
};

/** How messages become the text of a stream. */
export interface StreamForm {
  readonly contentType: string;
  /** Keeps an idle connection open without a meaning of its own. */
  readonly ping: string;
  readonly format: (message: SseMessage) => string;
}

const EVENT_STREAM: StreamForm = {
  contentType: 'text/event-stream; charset=utf-8',
  ping: ': ping\n\n',
  format: formatMessage,
};

/** One JSON text per line. JSON allows the space of a ping before the next text. */
export const JSON_LINES: StreamForm = {
  contentType: 'application/x-ndjson',
  ping: ' ',
  format: ({ data }) => `${data}\n`,
};

/**
 * Sends messages as a stream, by default of server-sent events, and ends the response.
 *
 * - Status 200 is sent with the first message, or with a `: ping` after MAX_FIRST_EVENT_MS. An error before that has
 *   its own status.
 * - A `: ping` every STREAM_HEARTBEAT_MS keeps the connection open.
 * - Backpressure: the next message is requested only after the previous one was sent. A client that receives nothing
 *   for MAX_STREAM_STALL_MS is disconnected.
 * - `return` of the source is always called.
 *
 * @param toErrorMessage the last message, for an error after the first byte.
 * @throws every error of the source before the first byte.
 */
export async function streamMessages(
  response: ServerResponse,
  messages: AsyncIterable<SseMessage>,
  toErrorMessage: (error: unknown) => SseMessage,
  times: StreamTimes = STREAM_TIMES,
  form: StreamForm = EVENT_STREAM,
): Promise<void> {
  const source = messages[Symbol.asyncIterator]();
  const firstPing = setTimeout(() => ping(response, form), times.firstEventMs);
  const pings = setInterval(() => ping(response, form), times.heartbeatMs);
  try {
    for (;;) {
      const next = await untilClosed(response, source.next());
      if (!next) return;
      startStream(response, form);
      clearTimeout(firstPing);
      if (next.done) break;
      await write(response, form.format(next.value), times.stallMs);
      if (response.destroyed) return;
    }
    response.end();
  } catch (error) {
    if (response.destroyed) return;
    if (!response.headersSent) throw error;
    response.end(form.format(toErrorMessage(error)));
  } finally {
    clearTimeout(firstPing);
    clearInterval(pings);
    // Not awaited: `return` waits until a pending `next` of the source has settled.
    void source.return?.().catch(() => undefined);
  }
}

/**
 * The value of a promise; `undefined` if the response closes first. `Promise.race` with one long-lived promise would
 * add a reaction to it at every call, and keep them all until it settles.
 */
function untilClosed<T>(response: ServerResponse, value: Promise<T>): Promise<T | undefined> {
  if (response.destroyed) {
    value.catch(() => undefined);
    return Promise.resolve(undefined);
  }
  return new Promise((resolve, reject) => {
    const onClose = () => resolve(undefined);
    response.once('close', onClose);
    value.then(resolve, reject).finally(() => response.off('close', onClose));
  });
}

function startStream(response: ServerResponse, { contentType }: StreamForm): void {
  if (response.headersSent) return;
  response.statusCode = 200;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Cache-Control', 'no-cache, no-transform');
  // Disables the response buffering of nginx.
  response.setHeader('X-Accel-Buffering', 'no');
  response.flushHeaders();
}

function ping(response: ServerResponse, form: StreamForm): void {
  if (response.destroyed || response.writableEnded || response.writableNeedDrain) return;
  startStream(response, form);
  response.write(form.ping);
}

/** Writes and waits for `drain` if the buffer is full; disconnects the client after `stallMs`. */
async function write(response: ServerResponse, text: string, stallMs: number): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  const stall = setTimeout(() => response.destroy(), stallMs);
  await untilClosed(response, new Promise((resolve) => response.once('drain', resolve)));
  clearTimeout(stall);
}

/** One `data:` line per line of the text, since a blank line would end the event. */
function formatMessage({ id, event, data }: SseMessage): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`;
  return `${head}${lines.join('')}\n`;
}
