import { setTimeout as sleep } from 'node:timers/promises';

import { TransientFailure } from './hub-errors.js';
import type { HubPolicy } from './hub-policy.js';

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
