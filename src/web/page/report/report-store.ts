import { signal } from '@preact/signals';

import type { MediaReport, Timings, Usage } from '../service/api-types.js';
import { storedSignal } from '../shell/stored-signal.js';

/** The text that a token count belongs to. */
export type TokenSubject =
  /** The caption with the most tokens; `texts` is the number of requested captions. */
  | { readonly of: 'text'; readonly language: string; readonly texts: number }
  | { readonly of: 'answer'; readonly language: string }
  /** One text of one segment, on average. */
  | { readonly of: 'segment' };

/** Media report, token usage and timings of the latest run of an image or video. */
export interface RunReport {
  readonly media: MediaReport;
  /** The usage of one text, because each text has the context for itself. `null` until a text is finished. */
  readonly usage: Usage | null;
  /** Which text `usage` belongs to. `null` until a text is finished. */
  readonly subject: TokenSubject | null;
  /** Timings of the request. `null` until it has ended. */
  readonly timings: Timings | null;
}

/** Whether the preview shows the tile grid; stored in this browser. */
export const showTiles = storedSignal(
  'salamandra.show-tiles',
  false,
  (value) => typeof value === 'boolean',
);

const reports = signal<ReadonlyMap<string, RunReport>>(new Map());

/** The latest report of an item. A component that calls this renders again when the report changes. */
export function reportOf(mediaId: string): RunReport | undefined {
  return reports.value.get(mediaId);
}

/** Replaces the report of an item. */
export function setReport(mediaId: string, report: RunReport): void {
  reports.value = new Map(reports.value).set(mediaId, report);
}
