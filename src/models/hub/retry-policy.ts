import { setTimeout as sleep } from 'node:timers/promises';

import { TransientFailure } from './hub-errors.js';

/** Told before each pause. */
export type OnPause = (reason: TransientFailure['reason'], milliseconds: number) => void;

/**
 * Tries again after transient failures, with growing pauses or those that the hub asks for. Bytes that came in between
 * start the count again: a connection that breaks every minute brings the file all the same.
 *
 * @param attempt is handed what to call when bytes came.
 * @throws what `attempt` throws, the outcome of the last transient failure, and the signal's reason.
 */
export async function withRetries<T>(
  attempt: (onBytes: () => void) => Promise<T>,
  policy: HubPolicy,
  onPause: OnPause,
  signal: AbortSignal,
): Promise<T> {
  let failures = 0;
  for (;;) {
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      // Whatever broke because the caller left is no failure of the hub.
      signal.throwIfAborted();
      if (!(error instanceof TransientFailure)) throw error;
      failures += 1;
      const pauseMs = error.retryAfterMs ?? backOff(failures, policy);
      if (failures > policy.maxFailures || pauseMs > policy.maxRetryAfterMs) throw error.outcome;
      onPause(error.reason, pauseMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  }
}

/** Doubling, with up to half taken away by chance, so that several connections do not come back together. */
function backOff(failures: number, { firstPauseMs, maxPauseMs }: HubPolicy): number {
  const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** (failures - 1));
  return pauseMs * (1 - Math.random() / 2);
}

/** How a hub is asked: how much at once, how long it may be silent, and how often it is asked again. */
export interface HubPolicy {
  /** Requests at a time for one file. */
  readonly connections: number;
  /** A file is fetched in parts of this size, each with one request. */
  readonly rangeBytes: number;
  /** A response that brings fewer bytes than this in a window has stalled. */
  readonly minWindowBytes: number;
  readonly windowMs: number;
  /** Failures in a row, without a byte in between, after which a request is given up. */
  readonly maxFailures: number;
  /** The pause after the first failure; it doubles with each. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** The longest pause that a hub may ask for. */
  readonly maxRetryAfterMs: number;
}

/** The policy of the command line. */
export const HUB_POLICY: HubPolicy = {
  // Content networks limit one connection to a few ten MB/s; more than four bring little and look like an attack.
  connections: 4,
  // Eighty requests for the largest shard that is published; what a break costs does not depend on it.
  rangeBytes: 64 << 20,
  // Slower than any modem: the connection is dead, or somebody holds it open.
  minWindowBytes: 4_096,
  windowMs: 30_000,
  // With the pauses about two minutes: a router restarts in that time.
  maxFailures: 7,
  firstPauseMs: 1_000,
  maxPauseMs: 60_000,
  // Hugging Face counts requests in windows of five minutes.
  maxRetryAfterMs: 600_000,
};
