import { cpus } from 'node:os';

import { MAX_SLOWDOWN } from './repeat-timing.js';

/** How much other programs disturbed a measurement. */
export interface Disturbance {
  /** The largest ratio of the usual to the best time of the same work. */
  readonly slowdown: number;
  /** Hardware threads that other programs kept busy on average, on the whole machine. */
  readonly otherCores: number;
}

/** Share of a measurement's threads that other programs may take without a visible effect. */
const TOLERATED_SHARE = 0.15;

/**
 * Whether the machine was too busy for the measurement to count: the times of the same work differed, or other programs
 * left fewer hardware threads free than the measurement used.
 *
 * @param threads of the measurement.
 * @param logicalCores of the machine.
 */
export function isDisturbed(
  { slowdown, otherCores }: Disturbance,
  threads: number,
  logicalCores: number = cpus().length,
): boolean {
  const spare = Math.max(0, logicalCores - threads) + TOLERATED_SHARE * threads;
  return slowdown > MAX_SLOWDOWN || otherCores > spare;
}

/** Milliseconds since the start of the machine (busy, all hardware threads) and of this process (its own). */
export interface ProcessorTimes {
  readonly wallMs: number;
  readonly busyMs: number;
  readonly ownMs: number;
}

/** Measures the processor time of other programs from this call until `otherCores` is called. */
export function watchOtherPrograms(read: () => ProcessorTimes = readTimes): {
  otherCores(): number;
} {
  const start = read();
  return {
    otherCores() {
      const end = read();
      const wallMs = end.wallMs - start.wallMs;
      const otherMs = end.busyMs - start.busyMs - (end.ownMs - start.ownMs);
      return wallMs > 0 ? Math.max(0, otherMs / wallMs) : 0;
    },
  };
}

function readTimes(): ProcessorTimes {
  const { user, system } = process.cpuUsage();
  const busyMs = cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
  return { wallMs: performance.now(), busyMs, ownMs: (user + system) / 1_000 };
}
