/** The replies of the HTTP API about jobs, limited to the fields that the page uses. The reference is /openapi.json. */
import type { CaptionKind } from '../service/api-types.js';
import type { ITEM_STATES } from './job-filter.js';

type JobState = 'active' | 'paused' | 'cancelling' | 'cancelled' | 'done' | 'deleting';

export interface Job {
  readonly id: string;
  /** A batch of OpenAI's API is a job too, without texts to review. */
  readonly kind: 'archive' | 'batch';
  readonly name: string;
  readonly state: JobState;
  /** English sentence: why an active job waits, or why it was paused. */
  readonly waiting_reason: string | null;
  readonly source: { readonly kind: string; readonly path?: string; readonly url?: string };
  readonly recipe: {
    readonly languages: readonly string[];
    readonly kinds: readonly CaptionKind[];
    readonly detail: string;
  } | null;
  readonly model: { readonly id: string; readonly precision?: string } | null;
  readonly pilot: { readonly items: number; readonly state: 'pending' | 'running' | 'done' } | null;
  readonly is_listed: boolean;
  readonly counts: {
    readonly total: number;
    readonly queued: number;
    readonly active: number;
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
  };
  readonly items_per_hour: number | null;
  readonly seconds_left: number | null;
  /** ISO 8601. */
  readonly created: string;
  readonly finished: string | null;
}

/** A job with the figures that only its own route has. */
export interface JobDetails extends Job {
  readonly failures: readonly { readonly code: string; readonly items: number }[];
  /** What the pilot cost; `null` until it is done. */
  readonly pilot_result: {
    readonly items: number;
    readonly failed: number;
    readonly seconds: number;
  } | null;
}

/** What a person decided last about a text. */
export type ReviewState = 'unreviewed' | 'accepted' | 'edited' | 'rejected';

export interface ItemSummary {
  readonly id: number;
  readonly position: number;
  readonly identifier: string;
  readonly title: string;
  readonly state: (typeof ITEM_STATES)[number];
  readonly review: 'unreviewed' | 'partly' | 'reviewed';
  /** 0 to 1. */
  readonly risk: number;
  readonly flags: readonly string[];
  readonly kind: 'image' | 'video';
  /** Seconds, of a video. */
  readonly duration?: number;
  /** The current text in one language; empty before the first. */
  readonly text: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface ItemText {
  readonly number: number;
  readonly language: string;
  readonly kind: CaptionKind;
  /** Seconds, of a segment. */
  readonly start?: number;
  readonly end?: number;
  /** The text of a person if there is one, else the draft. */
  readonly text: string;
  /** What the machine wrote last. */
  readonly draft: string;
  readonly review: ReviewState;
  readonly author?: string;
  /** ISO 8601. */
  readonly reviewed_at?: string;
  readonly draft_changed: boolean;
  readonly finish_reason: string;
  readonly flags: readonly string[];
  /** Number of revisions. A decision names the number that the person saw. */
  readonly revisions: number;
}

export interface Item extends ItemSummary {
  readonly record: Readonly<Record<string, string>>;
  readonly source: string;
  readonly model: { readonly id: string; readonly precision?: string } | null;
  readonly texts: readonly ItemText[];
  /** Ids in the order of the filter; `null` at its ends. */
  readonly previous: number | null;
  readonly next: number | null;
}

export interface ItemPage {
  readonly data: readonly ItemSummary[];
  readonly next_cursor: string | null;
  /** Number of items that the filter finds. */
  readonly total: number;
}

export interface ReviewCounts {
  readonly total: number;
  readonly by_state: Readonly<Partial<Record<string, number>>>;
  readonly by_review: Readonly<Partial<Record<string, number>>>;
  readonly by_flag: Readonly<Partial<Record<string, number>>>;
  readonly with_person_text: number;
}

export type Decision = 'accept' | 'edit' | 'reject' | 'reopen';

export interface BulkResult {
  readonly texts: number;
  readonly items: number;
  /** Names the decisions for undo; `null` for a dry run. */
  readonly group: string | null;
}

/** A row of an imported file that was not stored. */
export interface ImportedRow {
  readonly row?: number;
  readonly identifier?: string;
  readonly language?: string;
  readonly kind?: string;
  /** Of a conflict: the text in the file, and who decided since. */
  readonly text?: string;
  readonly author?: string;
  /** English sentence: why the row could not be read. */
  readonly problem?: string;
}

export interface ImportResult {
  readonly accepted: number;
  readonly edited: number;
  readonly rejected: number;
  readonly unchanged: number;
  /** The first ones; `counts` has their numbers. */
  readonly conflicts: readonly ImportedRow[];
  readonly unknown: readonly ImportedRow[];
  readonly invalid: readonly ImportedRow[];
  readonly counts: {
    readonly conflicts: number;
    readonly unknown: number;
    readonly invalid: number;
  };
  /** Names the decisions for undo; `null` if there are none. */
  readonly group: string | null;
}
