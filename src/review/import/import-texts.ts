import type { Transaction } from 'kysely';

import { assessItems } from '../../jobs/assess-items.js';
import { keyOfText, type ReviewedText } from '../../jobs/current-texts.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import type { Tables } from '../../jobs/database/tables.js';
import { storableText } from '../../jobs/storable-text.js';
import { CAPTION_KINDS, LANGUAGE_CODES } from '../../language/languages.js';
import {
  checkReviewer,
  lockItems,
  MAX_TEXT,
  type NewRevision,
  readItemTexts,
  type Reviewer,
  revisionOf,
  storeRevisions,
  type TextDecision,
} from '../decide.js';
import { textHash } from '../text-version.js';
import type { ImportedText, ImportEntry } from './read-import.js';

/** Entries of one transaction. */
const PAGE_ENTRIES = 500;
/** Entries that a report lists of each kind. All are counted. */
const MAX_LISTED = 10_000;

/** Where an entry of the report was in the file. */
interface Reported {
  readonly row: number;
  readonly identifier: string;
  readonly language?: string;
  readonly kind?: string;
  readonly start?: number;
}

/** A text that was not imported, because someone decided about it since the export. */
export interface ImportConflict extends Reported {
  /** In the file. */
  readonly text: string;
  /** In the job. */
  readonly current: string;
  readonly author?: string;
  /** Milliseconds since 1970. */
  readonly reviewedAt?: number;
}

export interface ImportReport {
  readonly accepted: number;
  readonly edited: number;
  readonly rejected: number;
  readonly unchanged: number;
  readonly conflicts: readonly ImportConflict[];
  /** Texts whose identifier the job does not have. */
  readonly unknown: readonly Reported[];
  readonly invalid: readonly (Partial<Reported> & { readonly problem: string })[];
  readonly counts: {
    readonly conflicts: number;
    readonly unknown: number;
    readonly invalid: number;
  };
  /** For `undoGroup`. */
  readonly group: string;
}

class Report implements ImportReport {
  accepted = 0;
  edited = 0;
  rejected = 0;
  unchanged = 0;
  readonly conflicts: ImportConflict[] = [];
  readonly unknown: Reported[] = [];
  readonly invalid: (Partial<Reported> & { problem: string })[] = [];
  readonly counts = { conflicts: 0, unknown: 0, invalid: 0 };

  constructor(readonly group: string) {}

  add<K extends keyof Report['counts']>(list: K, entry: Report[K][number]): void {
    this.counts[list]++;
    if (this.counts[list] <= MAX_LISTED) (this[list] as Report[K][number][]).push(entry);
  }
}

/**
 * Imports texts that persons worked on. A text that is not the current one is an edit; one that is marked as accepted
 * or rejected is decided so. A text about which someone decided since the export is a conflict, and nothing of it is
 * stored. Empty texts say nothing. A file can be imported again: then its texts are unchanged.
 *
 * @param group names the decisions of this import.
 * @throws INVALID_PARAMETER for an author without a name; the errors of `entries`, after earlier ones were imported.
 */
export async function importTexts(
  database: JobDatabase,
  jobId: string,
  author: string,
  entries: AsyncIterable<ImportEntry>,
  group: string,
): Promise<ImportReport> {
  const reviewer = checkReviewer({ author, origin: 'import' });
  const report = new Report(group);
  const task = { database, jobId, reviewer, report };
  let page: ImportedText[] = [];
  for await (const entry of entries) {
    const problem = 'problem' in entry ? entry.problem : problemOf(entry);
    if (problem !== undefined) {
      const { row, identifier } = entry;
      report.add('invalid', { row, ...(identifier !== undefined && { identifier }), problem });
    } else if ('text' in entry && entry.text.trim() !== '') {
      page.push(entry);
    }
    if (page.length < PAGE_ENTRIES) continue;
    await importPage(task, page);
    page = [];
  }
  await importPage(task, page);
  return report;
}

interface ImportTask {
  readonly database: JobDatabase;
  readonly jobId: string;
  readonly reviewer: Reviewer;
  readonly report: Report;
}

function problemOf(entry: ImportEntry): string | undefined {
  if (!('text' in entry)) return undefined;
  if (entry.identifier === '') return 'The identifier is empty.';
  if (!LANGUAGE_CODES.includes(entry.language)) return 'The language is not one of the 35.';
  if (!CAPTION_KINDS.some((kind) => kind === entry.kind)) {
    return `The kind must be one of ${CAPTION_KINDS.join(', ')}.`;
  }
  return entry.text.length > MAX_TEXT
    ? `The text has more than ${MAX_TEXT} characters.`
    : undefined;
}

async function importPage(task: ImportTask, page: readonly ImportedText[]): Promise<void> {
  if (page.length === 0) return;
  const { database, jobId, reviewer, report } = task;
  await database.db.transaction().execute(async (trx) => {
    const ids = await findItems(trx, jobId, page);
    const known = new Map<number, ImportedText[]>();
    for (const entry of page) {
      const id = ids.get(storableText(entry.identifier));
      if (id === undefined) report.add('unknown', describe(entry));
      else known.set(id, [...(known.get(id) ?? []), entry]);
    }
    const locked = await lockItems(trx, database, jobId, [...known.keys()]);
    const rows = (await readItemTexts(trx, locked)).flatMap(({ id, texts }) =>
      importItem(texts, known.get(id) ?? [], report).map((row) => ({
        ...row,
        ...{ job_id: jobId, item_id: id },
      })),
    );
    await storeRevisions(trx, database, reviewer, rows, report.group);
    await assessItems(trx, database, [...new Set(rows.map(({ item_id }) => item_id))]);
  });
}

async function findItems(
  trx: Transaction<Tables>,
  jobId: string,
  page: readonly ImportedText[],
): Promise<ReadonlyMap<string, number>> {
  const identifiers = [...new Set(page.map(({ identifier }) => storableText(identifier)))];
  const rows = await trx
    .selectFrom('item')
    .select(['id', 'identifier'])
    .where('job_id', '=', jobId)
    .where('identifier', 'in', identifiers)
    .execute();
  return new Map(rows.map(({ id, identifier }) => [identifier, id]));
}

/** @returns the decisions about the texts of one item. */
function importItem(
  texts: readonly ReviewedText[],
  entries: readonly ImportedText[],
  report: Report,
): Omit<NewRevision, 'job_id' | 'item_id'>[] {
  const current = new Map(texts.map((text) => [keyOfText(text), text]));
  const decided = new Map<string, string>();
  return entries.flatMap((entry) => {
    const key = keyOfText(entry);
    const text = current.get(key) ?? withoutText(entry);
    const given = ofFile(entry.text, text.text);
    // A text that the file has twice: the first one counts.
    const first = decided.get(key);
    if (first !== undefined && first !== given) {
      report.add('conflicts', { ...describe(entry), text: given, current: first });
      return [];
    }
    if (first !== undefined) return [];
    decided.set(key, given);
    const decision = decisionOf(entry, text, given);
    if (decision === 'conflict') {
      report.add('conflicts', conflictOf(entry, text, given));
      return [];
    }
    if (decision === 'unchanged') {
      report.unchanged++;
      return [];
    }
    const row = revisionOf(text, { decision, text: given });
    if (row.decision !== 'reopened') report[row.decision]++;
    return [row];
  });
}

/** Spreadsheets write the line breaks of a cell in their own way. */
function ofFile(given: string, current: string): string {
  const stored = storableText(given);
  return unbroken(stored) === unbroken(current) ? current : stored;
}

function unbroken(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function decisionOf(
  { version, review }: ImportedText,
  text: ReviewedText,
  given: string,
): TextDecision['decision'] | 'conflict' | 'unchanged' {
  const isStale = version !== undefined && version.revisions !== text.revisions;
  const isSame = given === text.text;
  if (isSame || version?.textHash === textHash(given)) {
    const marked = review === 'accepted' ? 'accept' : review === 'rejected' ? 'reject' : undefined;
    const isDecided = text.review !== 'unreviewed';
    if (marked === undefined || isDecided || isStale) return 'unchanged';
    // Of a draft that the model has replaced since the export.
    return isSame ? marked : 'conflict';
  }
  const isPersons = text.review === 'edited' || text.number < 0;
  return isStale || (version === undefined && isPersons) ? 'conflict' : 'edit';
}

/** A text that a person adds: in a language that the job does not have, for example. */
function withoutText({ language, kind, segment }: ImportedText): ReviewedText {
  return {
    ...{ number: 0, language, kind, text: '', draft: '', review: 'unreviewed' },
    ...(segment && { segment }),
    ...{ draftChanged: false, finishReason: '', flags: [], revisions: 0 },
  };
}

function conflictOf(
  entry: ImportedText,
  { text: current, author, reviewedAt }: ReviewedText,
  text: string,
): ImportConflict {
  return {
    ...{ ...describe(entry), text, current },
    ...(author !== undefined && { author }),
    ...(reviewedAt !== undefined && { reviewedAt }),
  };
}

function describe({ row, identifier, language, kind, segment }: ImportedText): Reported {
  const start = segment && { start: segment.startSeconds };
  return { row, identifier, language, kind, ...start };
}
