import { median } from '../median.js';

/** Pseudo-random token ids from the middle of the vocabulary, without a repetition that speeds a peer up. */
export function promptIds(count: number, vocabulary: number, seed: number): number[] {
  const [first, choice] = [300, vocabulary - 600];
  return Array.from({ length: count }, (_, i) => first + (((i + 131 * seed) * 7_919) % choice));
}

/** Median milliseconds of `runs` calls, after one warm-up call. */
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

/** The quantile of the values at `share`, from 0 to 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
