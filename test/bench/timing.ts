import { median } from '../median.js';

/** One figure of the benchmark's table. */
export interface BenchRow {
  readonly measure: string;
  readonly model: string;
  readonly condition: string;
  readonly value: number;
  readonly unit: 'tiles/s' | 'tokens/s' | 'ms' | 'MB' | 'ratio';
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

export function printRows(rows: readonly BenchRow[]): void {
  for (const { measure, model, condition, value, unit } of rows) {
    const cells = [measure.padEnd(34), model.padEnd(5), condition.padEnd(46)];
    console.log([...cells, formatValue(value).padStart(9), unit].join('  '));
  }
}

function formatValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
