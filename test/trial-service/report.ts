/** One line of the table of a trial. */
export interface TrialRow {
  readonly section: string;
  readonly what: string;
  /** What must hold. Empty for a figure that is only printed. */
  readonly bound: string;
  readonly measured: string;
  /** Durations are figures: they depend on what else runs on the machine. */
  readonly verdict: 'held' | 'FAILED' | 'figure' | 'skipped';
}

export interface Report {
  /** A bound that a machine of any speed must hold. */
  check(what: string, bound: string, measured: string, isHeld: boolean): void;
  figure(what: string, measured: string, aim?: string): void;
  skip(what: string, reason: string): void;
}

/** Prints each row as soon as it is known. */
export function createReport(section: string, rows: TrialRow[]): Report {
  const add = (row: Omit<TrialRow, 'section'>) => {
    rows.push({ section, ...row });
    console.log(
      [section, row.what, row.bound, row.measured, row.verdict]
        .map((cell) => cell.trim())
        .join(' | '),
    );
  };
  return {
    check: (what, bound, measured, isHeld) =>
      add({ what, bound, measured, verdict: isHeld ? 'held' : 'FAILED' }),
    figure: (what, measured, aim = '') => add({ what, bound: aim, measured, verdict: 'figure' }),
    skip: (what, reason) => add({ what, bound: '', measured: reason, verdict: 'skipped' }),
  };
}

/** The value below which a fraction of the values lies; NaN without values. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * fraction), sorted.length - 1)] ?? NaN;
}

/** `0.9 s`, `12 ms` */
export function formatMs(ms: number): string {
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${ms.toFixed(0)} ms`;
}

/** `200: 12, 503: 3` */
export function formatCounts(counts: ReadonlyMap<string, number>): string {
  const entries = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, count]) => `${name}: ${count}`).join(', ') || 'none';
}

export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
