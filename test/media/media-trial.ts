import type { TrialReport } from '../jobs/trial-report.js';

/** What every section of the trial gets. */
export interface MediaTrial {
  readonly report: TrialReport;
  /** Seconds per section, with what a checkout has: node_modules and ffmpeg. */
  readonly isShort: boolean;
  readonly seed: number;
  /** An existing folder for everything that the section writes. */
  readonly folder: string;
  /** Whether the tables of the documentation are written. */
  readonly updatesDocs: boolean;
}
