import type { Transaction } from 'kysely';

import { SalamandraError } from '../errors/salamandra-error.js';
import { assessItems, readRevisions } from '../jobs/assess-items.js';
import { currentTexts, type ReviewedText } from '../jobs/current-texts.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import type { Decision, RevisionOrigin, RevisionRow, Tables } from '../jobs/database/tables.js';
import { readTexts } from '../jobs/items.js';
import { storableText } from '../jobs/storable-text.js';

/** Characters of a person's name, and of a text. */
export const MAX_AUTHOR = 200;
export const MAX_TEXT = 100_000;

/** Who decides, and through what. */
export interface Reviewer {
  readonly author: string;
  readonly origin: RevisionOrigin;
}

/** A decision about one text of an item. */
export interface TextDecision {
  /** Of the text within its item. */
  readonly number: number;
  readonly decision: 'accept' | 'edit' | 'reject' | 'reopen';
  /** Of `edit`: the new text. Of `accept`: the text that the person saw, the current one or the newest draft. */
  readonly text?: string | undefined;
  /** Number of revisions that the person saw. Without it, the decision is made whatever happened before. */
  readonly revision?: number | undefined;
}

/**
 * Stores decisions about the texts of an item: all of them, or none.
 *
 * @throws NOT_FOUND for an item that is not of this job and for a text that the item does not have; REVIEW_CONFLICT if
 *   someone decided since; INVALID_PARAMETER for an edit without a text and for an author without a name.
 */
export async function decide(
  database: JobDatabase,
  { jobId, itemId }: { readonly jobId: string; readonly itemId: number },
  reviewer: Reviewer,
  decisions: readonly TextDecision[],
): Promise<void> {
  const by = checkReviewer(reviewer);
  await database.db.transaction().execute(async (trx) => {
    const [item] = await readItemTexts(trx, await lockItems(trx, database, jobId, [itemId]));
    if (!item) throw noSuchItem(itemId);
    const rows = decisions.map((decision) => {
      const text = item.texts.find(({ number }) => number === decision.number);
      if (!text) throw noSuchText(decision.number);
      checkRevision(text, decision);
      return { ...revisionOf(text, decision), job_id: jobId, item_id: itemId };
    });
    await storeRevisions(trx, database, by, rows);
    await assessItems(trx, database, [itemId]);
  });
}

/** A row of `revision` without what all rows of a call have in common. */
export type NewRevision = Pick<
  RevisionRow,
  | 'job_id'
  | 'item_id'
  | 'language'
  | 'kind'
  | 'start_seconds'
  | 'end_seconds'
  | 'decision'
  | 'text'
  | 'draft'
>;

/** Rows per statement: parameters of a statement are limited. */
const INSERT_ROWS = 1_000;

/** Adds decisions. Their items must be locked. */
export async function storeRevisions(
  trx: Transaction<Tables>,
  { now }: Pick<JobDatabase, 'now'>,
  { author, origin }: Reviewer,
  rows: readonly NewRevision[],
  group = '',
): Promise<void> {
  const common = { author, origin, group_id: group, created_at: now() };
  for (let start = 0; start < rows.length; start += INSERT_ROWS) {
    const values = rows.slice(start, start + INSERT_ROWS).map((row) => ({ ...row, ...common }));
    await trx.insertInto('revision').values(values).execute();
  }
}

/**
 * Waits for others that change the items, a worker for example, in the order of ids.
 *
 * @returns the ids of those that the job has, in their order.
 */
export async function lockItems(
  trx: Transaction<Tables>,
  { kind }: Pick<JobDatabase, 'kind'>,
  jobId: string,
  itemIds: readonly number[],
): Promise<number[]> {
  if (itemIds.length === 0) return [];
  const query = trx
    .selectFrom('item')
    .select('id')
    .where('id', 'in', itemIds)
    .where('job_id', '=', jobId)
    .orderBy('id');
  // A transaction of SQLite has the write lock from its start.
  const rows = await (kind === 'postgres' ? query.forUpdate() : query).execute();
  return rows.map(({ id }) => id);
}

/** An item with its texts, and all decisions about them, the oldest first. */
interface ItemTexts {
  readonly id: number;
  readonly texts: readonly ReviewedText[];
  readonly revisions: readonly RevisionRow[];
}

/** The texts of items, in the order of `itemIds`. */
export async function readItemTexts(
  db: Transaction<Tables> | JobDatabase['db'],
  itemIds: readonly number[],
): Promise<ItemTexts[]> {
  const drafts = await readTexts(db, itemIds);
  const decisions = await readRevisions(db, itemIds);
  return itemIds.map((id) => {
    const revisions = decisions.get(id) ?? [];
    return { id, revisions, texts: currentTexts(drafts.get(id) ?? [], revisions) };
  });
}

/** @throws INVALID_PARAMETER */
export function checkReviewer({ author, origin }: Reviewer): Reviewer {
  const name = storableText(author).trim();
  if (name !== '' && name.length <= MAX_AUTHOR) return { author: name, origin };
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `"author" must be the name of the person who decides, with 1 to ${MAX_AUTHOR} characters.`,
    { details: { parameter: 'author' } },
  );
}

function checkRevision(text: ReviewedText, { decision, revision, text: seen }: TextDecision): void {
  if (revision !== undefined && revision !== text.revisions) throw conflict(text);
  // A run may have replaced the draft since the person saw it.
  const isOther = decision === 'accept' && seen !== undefined && !isOneOf(text, seen);
  if (isOther) throw conflict(text);
}

function isOneOf({ text, draft }: ReviewedText, seen: string): boolean {
  return storableText(seen) === text || storableText(seen) === draft;
}

/** The row of a decision about a text. */
export function revisionOf(
  text: ReviewedText,
  { decision, text: given }: Pick<TextDecision, 'decision' | 'text'>,
): Omit<NewRevision, 'job_id' | 'item_id'> {
  const { language, kind, segment, draft } = text;
  return {
    ...{ language, kind, draft },
    start_seconds: segment?.startSeconds ?? null,
    end_seconds: segment?.endSeconds ?? null,
    ...decided(text, decision, given === undefined ? undefined : storableText(given)),
  };
}

const DECISIONS: Readonly<Record<TextDecision['decision'], Decision>> = {
  accept: 'accepted',
  edit: 'edited',
  reject: 'rejected',
  reopen: 'reopened',
};

function decided(
  { text, draft }: ReviewedText,
  decision: TextDecision['decision'],
  given: string | undefined,
): { readonly decision: Decision; readonly text: string } {
  if (decision !== 'edit') {
    return {
      decision: DECISIONS[decision],
      text: decision === 'accept' ? (given ?? text) : text,
    };
  }
  if (given === undefined || given.trim() === '' || given.length > MAX_TEXT) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `An edit needs "text", with 1 to ${MAX_TEXT} characters. Reject the text to leave it out.`,
      { details: { parameter: 'text' } },
    );
  }
  // Nothing was changed: the model's text was accepted.
  return { decision: given === draft ? 'accepted' : 'edited', text: given };
}

function conflict({ number, author, reviewedAt }: ReviewedText): SalamandraError {
  if (author === undefined || reviewedAt === undefined) {
    return new SalamandraError(
      'REVIEW_CONFLICT',
      'The model wrote another draft since you saw the text. Load the item again.',
      { details: { number } },
    );
  }
  return new SalamandraError(
    'REVIEW_CONFLICT',
    'Someone decided about this text since you saw it. Load the item again.',
    { details: { number, author, reviewed_at: new Date(reviewedAt).toISOString() } },
  );
}

export function noSuchText(number: number): SalamandraError {
  return new SalamandraError('NOT_FOUND', `The item has no text ${number}. Load the item again.`, {
    details: { number },
  });
}

export function noSuchItem(id: number): SalamandraError {
  return new SalamandraError('NOT_FOUND', `The job has no item ${id}.`);
}
