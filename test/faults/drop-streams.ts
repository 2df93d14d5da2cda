import { setTimeout as sleep } from 'node:timers/promises';

import type { Service } from '../e2e/service.js';
import { poll } from '../setup/poll.js';

/** What the worker did for a stream whose client left. */
export interface DroppedStream {
  /** Tokens sampled in all. */
  readonly tokens: number;
  /** Tokens sampled after the client had closed its connection. */
  readonly tokensAfterDrop: number;
  /** Tokens sampled after the worker had been told. */
  readonly tokensAfterCancel: number;
  /** Milliseconds from the closing of the connection until the worker was free. */
  readonly freeAfterMs: number;
}

interface Count {
  readonly id: number;
  readonly times: readonly number[];
  readonly cancelledMs: number | null;
  readonly endMs: number;
}

/**
 * Opens streams one after another, each for far more tokens than it will get, and leaves each after a while.
 *
 * @param service runs `counting-service.mjs` with a model that does not end by itself.
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

/** Returns when the connection was closed, in milliseconds since 1970. */
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
    // So hot that it does not go round in circles, which would end it, yet without the tail, where the stand-in for
    // the stop token is.
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

/** @throws unless the stream is still coming when the signal aborts. */
async function read(address: string, body: object, signal: AbortSignal): Promise<void> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    const text = await response.text();
    throw new Error(`The stream ended by itself: ${text.slice(-500)}`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function listCounts(service: Service): Count[] {
  const lines = service.output().matchAll(/^counted (.*)$/gm);
  return [...lines].map(([, json = '']) => JSON.parse(json) as Count);
}

/** Milliseconds until a request for ten tokens has its answer. */
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
