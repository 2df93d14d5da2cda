import { setTimeout as sleep } from 'node:timers/promises';

import { TransientFailure } from './hub-errors.js';

/** Called before each pause between attempts. */
export type OnPause = (reason: TransientFailure['reason'], milliseconds: number) => void;

/**
 * Repeats `attempt` after transient failures, with exponential backoff or the delay that the hub asks for. Rate limits
 * are no failures: they end the attempts only when the pauses together exceed `maxBusyMs`. Received bytes reset both
 * counts, so a slow connection that breaks often still completes.
 *
 * @param attempt gets a callback to report received bytes.
 * @throws other errors of `attempt`, the `outcome` of the last transient failure, the signal's reason.
 */
export async function withRetries<T>(
  attempt: (onBytes: () => void) => Promise<T>,
  policy: HubPolicy,
  onPause: OnPause,
  signal: AbortSignal,
): Promise<T> {
  let failures = 0;
  let busyPauses = 0;
  let busyMs = 0;
  for (;;) {
    try {
      return await attempt(() => {
        failures = busyPauses = busyMs = 0;
      });
    } catch (error) {
      // After an abort, any error is a consequence of it.
      signal.throwIfAborted();
      if (!(error instanceof TransientFailure)) throw error;
      const isBusy = error.reason === 'hub-busy';
      if (isBusy) busyPauses += 1;
      else failures += 1;
      const pauseMs = error.retryAfterMs ?? backoffMs(isBusy ? busyPauses : failures, policy);
      if (isBusy) busyMs += pauseMs;
      const isTooLong = Math.max(pauseMs, busyMs) > policy.maxBusyMs;
      if (failures > policy.maxFailures || isTooLong) throw error.outcome;
      onPause(error.reason, pauseMs);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  }
}

/** Exponential backoff with up to 50 % jitter, so that parallel connections do not retry at the same time. */
function backoffMs(failures: number, { firstPauseMs, maxPauseMs }: HubPolicy): number {
  const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** (failures - 1));
  return pauseMs * (1 - Math.random() / 2);
}

/** Limits for downloads: parallel requests, stalls, retries. */
export interface HubPolicy {
  /** Parallel requests per file. */
  readonly connections: number;
  /** Bytes per Range request. */
  readonly rangeBytes: number;
  /** A response with fewer bytes than this in `windowMs` is treated as stalled. */
  readonly minWindowBytes: number;
  readonly windowMs: number;
  /** Consecutive failures without a received byte before giving up. */
  readonly maxFailures: number;
  /** Pause after the first failure; it doubles with each further one. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** Longest time that a hub may ask to wait, in one pause or in consecutive ones. A longer one ends the attempts. */
  readonly maxBusyMs: number;
}

/** Default of `npx salamandra pull`. */
export const HUB_POLICY: HubPolicy = {
  // Content networks limit a connection to some tens of MB/s. More than four gain little and may be blocked.
  connections: 4,
  // 64 MiB: 80 requests for a 5 GB shard. An interruption does not lose a range, since it is resumed.
  rangeBytes: 64 << 20,
  // 4 KiB in 30 s: the connection is dead or held open on purpose.
  minWindowBytes: 4_096,
  windowMs: 30_000,
  // About two minutes with the pauses, enough for a router restart.
  maxFailures: 7,
  firstPauseMs: 1_000,
  maxPauseMs: 60_000,
  // Hugging Face counts requests in windows of five minutes; two of them.
  maxBusyMs: 600_000,
};
