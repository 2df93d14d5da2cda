import { signal } from '@preact/signals';

import type { MediaReport, Timings, Usage } from '../service/api-types.js';

/** What the last run said about a picture or a clip. */
export interface RunReport {
  readonly media: MediaReport;
  /** Of the text that took most: several texts are not in the context at once. null until one is there. */
  readonly usage: Usage | null;
  /** Of the whole request; null until it has ended. */
  readonly timings: Timings | null;
}

const reports = signal<ReadonlyMap<string, RunReport>>(new Map());

/** The last report about a picture or a clip of the tray; read in a component, it follows. */
export function reportOf(mediaId: string): RunReport | undefined {
  return reports.value.get(mediaId);
}

/** Keeps the report of a run, in place of the one before. */
export function setReport(mediaId: string, report: RunReport): void {
  reports.value = new Map(reports.value).set(mediaId, report);
}
