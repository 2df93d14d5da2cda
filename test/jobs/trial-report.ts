import type { PostgresCluster } from './postgres-cluster.js';

/** One requirement and what was measured. */
interface Requirement {
  readonly what: string;
  readonly bound: string;
  readonly measured: string;
  readonly holds: boolean;
}

export interface TrialReport {
  /** Prints a line, and remembers a bound that does not hold. */
  check(requirement: Requirement): void;
  /** Prints a figure without a bound. */
  note(line: string): void;
  readonly failures: readonly string[];
}

export function createReport(print: (line: string) => void): TrialReport {
  const failures: string[] = [];
  return {
    check({ what, bound, measured, holds }) {
      const line = [holds ? 'ok  ' : 'FAIL', what, `bound ${bound}`, `measured ${measured}`];
      print(line.join(' | '));
      if (!holds) failures.push(what);
    },
    note: (line) => print(`     | ${line}`),
    failures,
  };
}

/** What every section of the trial gets. */
export interface Trial {
  readonly report: TrialReport;
  /** A few seconds per section: fewer items, fewer kills. */
  readonly isShort: boolean;
  readonly seed: number;
  /** An existing folder for everything that the section writes. */
  readonly folder: string;
  /** The server, if PostgreSQL is installed. */
  readonly cluster: PostgresCluster | undefined;
}
