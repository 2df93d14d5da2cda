import { setImmediate as nextTick, setTimeout as delay } from 'node:timers/promises';

import { createFairSlots, type RequestHandle } from './queue-ticket.js';

/** Milliseconds of pause per millisecond of planning: planning takes at most a third of the time. */
const PAUSE_RATIO = 2;
/** Plans of short texts need no pause. */
const MIN_PAUSED_MS = 2;

/**
 * Runs the planning of requests in fair turns. Tokenizing is synchronous and blocks the decode steps of other requests,
 * so it is not free even for a request that will be rejected: the turns are shared among clients by the length of the
 * text, and a pause after each long one leaves time to the model.
 */
export interface PlanningTurns {
  /**
   * @param textBytes the cost of the turn.
   * @throws the error of `plan`; the signal's reason if it aborts while the plan waits.
   */
  run<T>(handle: RequestHandle, textBytes: number, plan: () => T): Promise<T>;
}

export function createPlanningTurns(): PlanningTurns {
  const slots = createFairSlots();
  return {
    run: (handle, textBytes, plan) =>
      new Promise((resolve, reject) => {
        const turn = async () => {
          const startMs = performance.now();
          resolve(Promise.resolve().then(plan));
          await nextTick();
          const ms = performance.now() - startMs;
          // The promise above is settled: only the next turn waits.
          if (ms > MIN_PAUSED_MS) await delay(PAUSE_RATIO * ms);
        };
        slots.run(handle, turn, textBytes).catch(reject);
      }),
  };
}
