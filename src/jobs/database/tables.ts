import type { Generated, Selectable } from 'kysely';

/**
 * The tables of archive jobs. JSON is stored as text, and times are milliseconds since 1970, so that SQLite and
 * PostgreSQL return the same values.
 */
export interface Tables {
  job: JobTable;
  job_counter: JobCounterTable;
  item: ItemTable;
  result: ResultTable;
  revision: RevisionTable;
  item_words: ItemWordsTable;
  skipped: SkippedTable;
  event: EventTable;
  worker: WorkerTable;
  batch: BatchTable;
  file: FileTable;
  upload: UploadTable;
}

/**
 * `archive`: texts about the entries of a source. `batch`: requests of a file, see `BatchTable`. A worker claims the
 * kinds that it can do.
 */
export type JobKind = 'archive' | 'batch';

/**
 * `active`: items are claimed. `paused`: none are claimed until it is resumed. `cancelling`: the items in work end, no
 * further ones are claimed. `cancelled` is final; `retry` makes a `done` job active again. `deleting`: its rows are
 * being removed.
 */
type JobState = 'active' | 'paused' | 'cancelling' | 'cancelled' | 'done' | 'deleting';

interface JobTable {
  id: string;
  kind: Generated<JobKind>;
  name: string;
  state: JobState;
  /** Why the job is paused; empty otherwise. */
  pause_reason: Generated<string>;
  /** Until then no item is claimed, because the machine failed: a full disk, an unreachable folder. */
  hold_until: Generated<number>;
  hold_reason: Generated<string>;
  /** Higher numbers first. */
  priority: number;
  /** `JobSource` and `Recipe` as JSON. A batch has no recipe: `null`. */
  source: string;
  recipe: string;
  /** SHA-256 of source and recipe: the same command finds its job again. */
  key: string;
  idempotency_key: string | null;
  /** The model that was asked for; `null` accepts that of the first worker. */
  model_name: string | null;
  /** `PinnedModel` as JSON, set by the first worker. Workers with another model do not claim its items. */
  model: string | null;
  /** Items of the pilot; 0 without one. */
  pilot: number;
  pilot_state: 'none' | 'pending' | 'running' | 'done';
  /** `client`: its items are uploaded, and the client says when the last one is. */
  listed_by: Generated<'worker' | 'client'>;
  /** The cursor of the last listed entry; empty at the start. */
  listing_cursor: Generated<string>;
  listing_worker: Generated<string>;
  listing_lease_until: Generated<number>;
  listing_error: Generated<string>;
  /** Positions from here on belong to the listing in progress; lower ones to earlier listings of the source. */
  listing_base: Generated<number>;
  /** 0 while the source is being listed. */
  listed_at: Generated<number>;
  next_position: Generated<number>;
  created_at: number;
  started_at: Generated<number>;
  finished_at: Generated<number>;
}

/**
 * Counts of a job. Every worker process adds to its own row, so that workers do not wait for each other's transactions;
 * the sum over the rows is the count.
 */
interface JobCounterTable {
  job_id: string;
  shard: number;
  queued: number;
  active: number;
  done: number;
  dead: number;
  /** Done without the model: the same content was captioned before. */
  reused: number;
  skipped: number;
  /** Milliseconds of work on items that are done. */
  busy_ms: number;
}

/** `dead`: a dead letter, which no retry will mend. */
type ItemState = 'queued' | 'active' | 'done' | 'dead';

interface ItemTable {
  id: Generated<number>;
  job_id: string;
  /** The order in the source. */
  position: number;
  identifier: string;
  /** `SourceItem['location']` and its record as JSON. */
  location: string;
  record: string;
  state: ItemState;
  attempts: Generated<number>;
  /** Fencing token: raised by every claim. A result with another epoch is refused. */
  epoch: Generated<number>;
  lease_until: Generated<number>;
  /** The item is not claimed before. 0: at once. Negative: part of the pilot. */
  run_after: Generated<number>;
  worker: Generated<string>;
  error_code: Generated<string>;
  error: Generated<string>;
  /** Of the bytes that were captioned. */
  sha256: Generated<string>;
  /** Of a file, to see that it changed: size in bytes and time of modification. */
  size: Generated<number>;
  modified_at: Generated<number>;
  /** SHA-256 of content, recipe and model: an item with the same one has the same texts. */
  fingerprint: Generated<string>;
  /** `ItemOutcome` without its texts, as JSON. Of a dead letter: the details of its error. */
  outcome: Generated<string>;
  finished_at: Generated<number>;
  /** `ItemOptions` as JSON: what this item has instead of the recipe of its job. Empty: nothing. */
  options: Generated<string>;
  /** 0 until the columns below and `item_words` are those of the item's texts; see `assessItems`. */
  assessed: Generated<number>;
  /** 0 to 1: of the flags of what nobody has reviewed yet. */
  risk: Generated<number>;
  /** Names of flags, each with a space before and behind it; empty without any. */
  flags: Generated<string>;
  review: Generated<ItemReview>;
  /** 1 if the last decision about one of its texts is `edited`, `rejected`. */
  has_edited: Generated<number>;
  has_rejected: Generated<number>;
  /** 1 if a person wrote a text of it, or its record has one. */
  has_person_text: Generated<number>;
}

/** How many texts of an item have been reviewed: none, some or all. */
export type ItemReview = 'unreviewed' | 'partly' | 'reviewed';

/** A text that the model wrote: a draft. Another run of the item replaces it. */
interface ResultTable {
  item_id: number;
  /** Of the text within its item. */
  number: number;
  language: string;
  kind: string;
  /** Of a segment of a video; `null` for a text about the whole. */
  start_seconds: number | null;
  end_seconds: number | null;
  text: string;
  finish_reason: string;
}

/**
 * What a person decided about a text. `reopened` makes it unreviewed; with a group, it undoes what the group decided.
 */
export type Decision = 'accepted' | 'edited' | 'rejected' | 'reopened';

/** Where a decision came from. */
export type RevisionOrigin = 'page' | 'api' | 'cli' | 'import';

/**
 * One decision about one text: item, language, kind and start of the segment. Rows are added and never changed, and
 * are deleted with their job only.
 */
interface RevisionTable {
  id: Generated<number>;
  job_id: string;
  item_id: number;
  language: string;
  kind: string;
  start_seconds: number | null;
  end_seconds: number | null;
  decision: Decision;
  /** The text that the decision is about. Of `edited`: the new one. */
  text: string;
  /** The draft at that time. */
  draft: string;
  /** Name of the person. */
  author: string;
  origin: RevisionOrigin;
  /** Decisions that were made together, and are undone together. Empty: one alone. */
  group_id: Generated<string>;
  created_at: number;
}

/**
 * Index of the words of an item: `words` is a full-text index of SQLite (FTS5) or a `tsvector` of PostgreSQL; see
 * `search-index.ts`.
 */
interface ItemWordsTable {
  rowid: number;
  words: string;
}

/** An entry of the source that is not an item. */
interface SkippedTable {
  id: Generated<number>;
  job_id: string;
  entry: string;
  code: string;
  reason: string;
}

/** A change of a job, numbered for `Last-Event-ID`. */
interface EventTable {
  id: Generated<number>;
  job_id: string;
  type: string;
  data: string;
  created_at: number;
}

interface WorkerTable {
  /** See `createWorkerId`. */
  id: string;
  host: string;
  pid: number;
  state: 'working' | 'draining';
  model: string;
  started_at: number;
  heartbeat_at: number;
  items_done: number;
  /** Items per hour over the last minutes. */
  rate: number;
}

/** What a batch has besides its job. Its status follows from both; see `statusOf`. */
interface BatchTable {
  job_id: string;
  /** Path of the route that processes the lines. */
  endpoint: string;
  model: string;
  input_file_id: string;
  /** As the client wrote it: `24h`. */
  completion_window: string;
  /** JSON. */
  metadata: string;
  /** Lifetime of the output files in seconds. */
  output_seconds: number;
  expires_at: number;
  /** 0 unless the client cancelled the batch. */
  cancelling_at: Generated<number>;
  /** 0 unless the batch was still running at `expires_at`. */
  expiring_at: Generated<number>;
  finalizing_at: Generated<number>;
  /** 0 until the output files are stored. */
  ended_at: Generated<number>;
  output_file_id: Generated<string>;
  error_file_id: Generated<string>;
  /** `TokenUsage` as JSON; empty until the end. */
  usage: Generated<string>;
}

/** A stored file. Its content is on disk; see `FileStore`. */
interface FileTable {
  id: string;
  filename: string;
  purpose: string;
  bytes: number;
  created_at: number;
  /** 0: never. */
  expires_at: number;
}

/** A file that a client uploads into a job. Its content is on disk; see `UploadFolder`. */
interface UploadTable {
  id: string;
  job_id: string;
  /** Who sends it; empty once it is finished. */
  client: string;
  identifier: string;
  /** Of the whole file. */
  bytes: number;
  created_at: number;
  /** When the last bytes arrived. */
  changed_at: number;
  /** 0 until all bytes are stored and the file is an item. */
  finished_at: Generated<number>;
}

export type JobRow = Selectable<JobTable>;
export type ItemRow = Selectable<ItemTable>;
export type RevisionRow = Selectable<RevisionTable>;
export type SkippedRow = Selectable<SkippedTable>;
export type EventRow = Selectable<EventTable>;
export type WorkerRow = Selectable<WorkerTable>;
export type BatchRow = Selectable<BatchTable>;
export type FileRow = Selectable<FileTable>;
export type UploadRow = Selectable<UploadTable>;
/** The sum over the rows of a job. */
export type JobCounts = Omit<Selectable<JobCounterTable>, 'job_id' | 'shard'>;
