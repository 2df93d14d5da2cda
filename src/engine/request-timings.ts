import type { StepTime } from './scheduling/scheduler.js';

/** Milliseconds of the runs that a request or a conversation had a part in. */
export interface RequestTimer {
  encodeMs: number;
  prefillMs: number;
  decodeMs: number;
  /** The last step that was counted: several answers of a request share one. */
  lastStep: number;
  /** By the clock of `performance.now`; absent while there is no text. */
  firstTextAtMs?: number;
}

export function createTimings(): RequestTimer {
  return { encodeMs: 0, prefillMs: 0, decodeMs: 0, lastStep: 0 };
}

/** Makes a run and adds its time. */
export async function timeRun<T>(
  kind: 'encodeMs' | 'prefillMs',
  timers: readonly RequestTimer[],
  run: () => Promise<T>,
): Promise<T> {
  const startMs = performance.now();
  try {
    return await run();
  } finally {
    const ms = performance.now() - startMs;
    for (const times of timers) times[kind] += ms;
  }
}

/** Adds a step, once. */
export function addDecodeStep({ number, ms }: StepTime, timers: readonly RequestTimer[]): void {
  for (const times of timers) {
    if (times.lastStep === number) continue;
    times.lastStep = number;
    times.decodeMs += ms;
  }
}
