import { keyOf, lookUp, type Run } from '../run-jobs.js';
import type { Row, RowValues } from '../rows/row.js';

/** A row with its figures, as stored in results.json. */
export interface RowResult extends RowValues {
  readonly name: string;
  readonly title: string;
  readonly unit: Row['unit'];
  readonly ratio: number | null;
  readonly target: NonNullable<Row['target']> | null;
  /** Null if the row has no target or a measurement failed. */
  readonly reached: boolean | null;
  /** Peak memory of any process of the service, and of the peers. */
  readonly peakBytes: number;
  readonly peerPeakBytes: number | null;
}

export function evaluateRows(rows: readonly Row[], allRuns: readonly Run[]): RowResult[] {
  return rows.map((row) => {
    const runs = allRuns.filter(({ list }) => list === row.list);
    const values = row.evaluate((job, figure) => lookUp(runs, job, figure));
    const ratio = row.ratio?.(values) ?? null;
    const keys = new Set(row.jobs.map(keyOf));
    const peaks = (ofPeers: boolean) =>
      runs
        .filter(({ job }) => keys.has(keyOf(job)))
        .filter(({ job }) => (job.kind === 'text' && job.contender !== 'service') === ofPeers)
        .map(({ figures }) => figures['peakBytes'] ?? NaN);
    const peerPeaks = peaks(true);
    return {
      ...values,
      ...{ name: row.name, title: row.title, unit: row.unit, ratio },
      target: row.target ?? null,
      reached:
        row.target && ratio !== null && !Number.isNaN(ratio) ? isReached(row.target, ratio) : null,
      peakBytes: Math.max(...peaks(false)),
      peerPeakBytes: peerPeaks.length > 0 ? Math.max(...peerPeaks) : null,
    };
  });
}

function isReached(target: NonNullable<Row['target']>, ratio: number): boolean {
  return 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost;
}
