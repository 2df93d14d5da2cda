import type { DecodeStep } from './scheduling/scheduler.js';
import type { RequestTimings } from './vision-language-engine.js';

/** Accumulates the graph run times of a request or a conversation, in milliseconds. */
export interface RequestTimer {
  encodeMs: number;
  prefillMs: number;
  decodeMs: number;
  /** Number of the last decode step counted. Answers of one request share steps. */
  lastStep: number;
  /** `performance.now()` at the first text; undefined before. */
  firstTextAtMs?: number;
}

export function createTimer(): RequestTimer {
  return { encodeMs: 0, prefillMs: 0, decodeMs: 0, lastStep: 0 };
}

/** Executes a run and adds its duration to the timers. */
export async function timeRun<T>(
  stage: 'encodeMs' | 'prefillMs',
  timers: readonly RequestTimer[],
  run: () => Promise<T>,
): Promise<T> {
  const startMs = performance.now();
  try {
    return await run();
  } finally {
    const ms = performance.now() - startMs;
    for (const timer of timers) timer[stage] += ms;
  }
}

/** Adds a decode step to the timers, once per step. */
export function addDecodeStep({ number, ms }: DecodeStep, timers: readonly RequestTimer[]): void {
  for (const timer of timers) {
    if (timer.lastStep === number) continue;
    timer.lastStep = number;
    timer.decodeMs += ms;
  }
}

/** The timings of a finished request. */
export function toRequestTimings(
  { encodeMs, prefillMs, decodeMs, firstTextAtMs }: RequestTimer,
  request: {
    readonly arrivalMs: number;
    readonly queueMs: number;
    readonly mediaDecodeMs: number;
    readonly tileMs: number;
  },
): RequestTimings {
  const { arrivalMs, queueMs, mediaDecodeMs, tileMs } = request;
  const endMs = performance.now();
  return {
    ...{ queueMs, mediaDecodeMs, tileMs, encodeMs, prefillMs, decodeMs },
    firstTokenMs: (firstTextAtMs ?? endMs) - arrivalMs,
    totalMs: endMs - arrivalMs,
  };
}
