import type { ServerResponse } from 'node:http';

import {
  MAX_FIRST_EVENT_MS,
  MAX_STREAM_STALL_MS,
  STREAM_HEARTBEAT_MS,
} from '../../config/limits.js';

/** One server-sent event. */
export interface SseMessage {
  /** Absent: the client's default, `message`. */
  readonly event?: string;
  readonly data: string;
}

/** The times of a stream, in milliseconds; tests shorten them. */
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

const PING = ': ping\n\n';

/**
 * Sends messages as server-sent events and ends the response. The status goes out with the first message, or with a
 * `: ping` when that one takes long, so that what fails at once still fails with its own status; pings follow in
 * silence. The source is asked for a message only when the one before was taken; a reader that takes nothing for
 * MAX_STREAM_STALL_MS is cut. However the stream ends, the source's `return` is called.
 *
 * @param toErrorMessage makes the last message of what the source throws after the first byte.
 * @throws what the source throws before the first byte.
 */
export async function streamMessages(
  response: ServerResponse,
  messages: AsyncIterable<SseMessage>,
  toErrorMessage: (error: unknown) => SseMessage,
  times: StreamTimes = STREAM_TIMES,
): Promise<void> {
  const source = messages[Symbol.asyncIterator]();
  const firstPing = setTimeout(() => ping(response), times.firstEventMs);
  const pings = setInterval(() => ping(response), times.heartbeatMs);
  try {
    for (;;) {
      const next = await untilClosed(response, source.next());
      if (!next) return;
      startStream(response);
      clearTimeout(firstPing);
      if (next.done) break;
      await write(response, formatMessage(next.value), times.stallMs);
      if (response.destroyed) return;
    }
    response.end();
  } catch (error) {
    if (response.destroyed) return;
    if (!response.headersSent) throw error;
    response.end(formatMessage(toErrorMessage(error)));
  } finally {
    clearTimeout(firstPing);
    clearInterval(pings);
    // Not awaited: a source that waits for something else ends when that does.
    void source.return?.().catch(() => undefined);
  }
}

/** What comes, or `undefined` when the response closes before. Not a race: one promise would collect every wait. */
function untilClosed<T>(response: ServerResponse, coming: Promise<T>): Promise<T | undefined> {
  if (response.destroyed) {
    coming.catch(() => undefined);
    return Promise.resolve(undefined);
  }
  return new Promise((resolve, reject) => {
    const onClose = () => resolve(undefined);
    response.once('close', onClose);
    coming.then(resolve, reject).finally(() => response.off('close', onClose));
  });
}

function startStream(response: ServerResponse): void {
  if (response.headersSent) return;
  response.statusCode = 200;
  response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  response.setHeader('Cache-Control', 'no-cache, no-transform');
  // Asks nginx, which stands before many services, not to collect the events.
  response.setHeader('X-Accel-Buffering', 'no');
  response.flushHeaders();
}

function ping(response: ServerResponse): void {
  if (response.destroyed || response.writableEnded || response.writableNeedDrain) return;
  startStream(response);
  response.write(PING);
}

/** Writes and waits until there is room for more; cuts the reader when there is none in time. */
async function write(response: ServerResponse, text: string, stallMs: number): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  const stall = setTimeout(() => response.destroy(), stallMs);
  await untilClosed(response, new Promise((resolve) => response.once('drain', resolve)));
  clearTimeout(stall);
}

/** A line of data for each line of the text: an event ends at a blank line. */
function formatMessage({ event, data }: SseMessage): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `${event === undefined ? '' : `event: ${event}\n`}${lines.join('')}\n`;
}
