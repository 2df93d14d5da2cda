import { setTimeout as sleep } from 'node:timers/promises';

import type { Service } from '../e2e/service.js';
import { poll } from '../setup/poll.js';

/** The work of the worker for a stream whose client disconnected. */
export interface DroppedStream {
  /** All sampled tokens. */
  readonly tokens: number;
  /** Tokens sampled after the client closed its connection. */
  readonly tokensAfterDrop: number;
  /** Tokens sampled after the worker received the cancellation. */
  readonly tokensAfterCancel: number;
  /** Milliseconds from the closing of the connection until the worker ended the request. */
  readonly freeAfterMs: number;
}

interface Count {
  readonly id: number;
  readonly times: readonly number[];
  readonly cancelledMs: number | null;
  readonly endMs: number;
}

/**
 * Opens streams one after another, each with many more tokens than the time allows, and disconnects from each.
 *
 * @param service runs `counting-service.mjs` with a model that never ends an answer.
 */
export async function dropStreams(
  service: Service,
  { count, afterMs, maxTokens }: { count: number; afterMs: number; maxTokens: number },
): Promise<DroppedStream[]> {
  const dropped: DroppedStream[] = [];
  for (let index = 0; index < count; index += 1) {
    const known = listCounts(service).length;
    const dropMs = await dropOne(service, { afterMs, maxTokens, seed: index });
    const counted = await poll(() => listCounts(service)[known]);
    const since = (startMs: number) => counted.times.filter((timeMs) => timeMs > startMs).length;
    dropped.push({
      tokens: counted.times.length,
      tokensAfterDrop: since(dropMs),
      tokensAfterCancel: since(counted.cancelledMs ?? 0),
      freeAfterMs: counted.endMs - dropMs,
    });
  }
  return dropped;
}

/** Returns the time when the connection was closed, in milliseconds since 1970. */
async function dropOne(
  { url }: Service,
  { afterMs, maxTokens, seed }: { afterMs: number; maxTokens: number; seed: number },
): Promise<number> {
  const abort = new AbortController();
  const body = {
    model: 'visual-salamandra',
    messages: [{ role: 'user', content: 'Tell me a story without an end.' }],
    stream: true,
    logprobs: true,
    // The temperature is high because a repeating answer would be ended. Top-k leaves out the tail of the
    // distribution, where the substitute for the stop token is.
    temperature: 2,
    top_p: 0.9,
    seed,
    max_completion_tokens: maxTokens,
  };
  const reading = read(`${url}/v1/chat/completions`, body, abort.signal);
  await sleep(afterMs);
  const dropMs = Date.now();
  abort.abort();
  await reading;
  return dropMs;
}

/** @throws Error if the stream ends before the signal aborts. */
async function read(address: string, body: object, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    const text = await response.text();
    throw new Error(`The stream ended before the client disconnected: ${text.slice(-500)}`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function listCounts(service: Service): Count[] {
  const lines = service.output().matchAll(/^counted (.*)$/gm);
  return [...lines].map(([, json = '']) => JSON.parse(json) as Count);
}

/** Milliseconds of a request for ten tokens. */
export async function timeShortRequest({ url }: Service): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model: 'visual-salamandra',
      messages: [{ role: 'user', content: 'Hello' }],
      max_completion_tokens: 10,
    }),
  });
  const { usage } = (await response.json()) as { usage: { completion_tokens: number } };
  if (usage.completion_tokens !== 10) throw new Error('The answer is not ten tokens long.');
  return performance.now() - startMs;
}
