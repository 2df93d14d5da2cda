import { median } from '../median.js';

/** Token ids without a pattern that a contender could profit from, of the middle of the vocabulary. */
export function promptIds(count: number, vocabulary: number, seed: number): number[] {
  const [first, choice] = [300, vocabulary - 600];
  return Array.from({ length: count }, (_, i) => first + (((i + 131 * seed) * 7_919) % choice));
}

/** Median milliseconds of `runs` calls, after one that is not counted. */
export async function measureMs(runs: number, call: () => Promise<unknown>): Promise<number> {
  await call();
  const durations: number[] = [];
  for (let run = 0; run < runs; run++) durations.push(await elapsedMs(call));
  return median(durations);
}

export async function elapsedMs(call: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await call();
  return performance.now() - startMs;
}

/** The value that `share` of all are not above; `share` from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
