import { type Kysely, sql, type Transaction } from 'kysely';

import { searchWords } from '../language/search-words.js';
import { currentTexts, type ReviewedText } from './current-texts.js';
import type { JobDatabase } from './database/job-database.js';
import { indexWords } from './database/search-index.js';
import type { ItemReview, ItemRow, RevisionRow, Tables } from './database/tables.js';
import { flagsOfItem, riskOf } from './flags.js';
import { readTexts } from './items.js';
import { parseTextColumn } from './text-columns.js';

/** Items of a transaction that assesses those of an earlier version. */
const ASSESS_ITEMS = 500;

/**
 * Brings what the review filters and sorts by up to date with the texts and decisions of items: flags, risk, state of
 * the review, and the words that are searched.
 *
 * @param words `same-words`: no current text has changed, only decisions have.
 */
export async function assessItems(
  trx: Transaction<Tables>,
  { kind }: Pick<JobDatabase, 'kind'>,
  itemIds: readonly number[],
  words: 'new-words' | 'same-words' = 'new-words',
): Promise<void> {
  if (itemIds.length === 0) return;
  const rows = await trx
    .selectFrom('item')
    .select(['id', 'job_id', 'identifier', 'record', 'state', 'outcome'])
    .where('id', 'in', itemIds)
    .orderBy('id')
    .execute();
  const drafts = await readTexts(trx, itemIds);
  const revisions = await readRevisions(trx, itemIds);
  const items = rows.map((row) => {
    const texts = currentTexts(drafts.get(row.id) ?? [], revisions.get(row.id) ?? []);
    return { row, texts, record: JSON.parse(row.record) as Record<string, string> };
  });
  for (let start = 0; start < items.length; start += UPDATE_ITEMS) {
    await storeAssessments(trx, items.slice(start, start + UPDATE_ITEMS));
  }
  if (words === 'same-words') return;
  const indexed = items.map(({ row, texts, record }) => {
    const searched = [row.identifier, ...Object.values(record), ...texts.map(({ text }) => text)];
    return { id: row.id, jobId: row.job_id, words: searchWords(searched.join('\n')) };
  });
  await indexWords(trx, kind, indexed);
}

/** Items of one update: parameters of a statement are limited. */
const UPDATE_ITEMS = 1_000;

interface AssessedItem {
  readonly row: Pick<ItemRow, 'id' | 'state' | 'outcome'>;
  readonly texts: readonly ReviewedText[];
  readonly record: Readonly<Record<string, string>>;
}

async function storeAssessments(
  trx: Transaction<Tables>,
  items: readonly AssessedItem[],
): Promise<void> {
  if (items.length === 0) return;
  const values = items.map(({ row, texts, record }) => {
    const of = assess(row, record, texts);
    return sql`(${row.id}, ${of.risk}, ${of.flags}, ${of.review}, ${of.has_edited}, ${of.has_rejected}, ${of.has_person_text})`;
  });
  // PostgreSQL takes parameters in VALUES for text, hence the casts.
  await sql`
    with assessment (id, risk, flags, review, has_edited, has_rejected, has_person_text) as (values ${sql.join(values)})
    update item set assessed = 1, risk = cast(assessment.risk as double precision), flags = assessment.flags,
      review = assessment.review, has_edited = cast(assessment.has_edited as bigint),
      has_rejected = cast(assessment.has_rejected as bigint),
      has_person_text = cast(assessment.has_person_text as bigint)
    from assessment where item.id = cast(assessment.id as bigint)`.execute(trx);
}

/** Assesses the items whose texts were stored by an earlier version of this program, in small transactions. */
export async function assessEarlierItems(database: JobDatabase): Promise<void> {
  while (await assessSome(database)) {
    // The next ones.
  }
}

/** @returns whether there may be more. */
async function assessSome(database: JobDatabase): Promise<boolean> {
  const select = (db: Kysely<Tables>) =>
    db
      .selectFrom('item')
      .select('id')
      .where('assessed', '=', sql.lit(0))
      .where('finished_at', '>', sql.lit(0))
      .orderBy('id')
      .limit(ASSESS_ITEMS);
  // Without a transaction first: mostly there is none, and a transaction waits for the write lock.
  if ((await select(database.db).limit(1).execute()).length === 0) return false;
  return await database.db.transaction().execute(async (trx) => {
    const query = select(trx);
    const rows = await (database.kind === 'postgres' ? query.forUpdate() : query).execute();
    await assessItems(
      trx,
      database,
      rows.map(({ id }) => id),
    );
    return rows.length === ASSESS_ITEMS;
  });
}

/** Decisions about the texts of items, the oldest first, by item id. */
export async function readRevisions(
  db: Kysely<Tables>,
  itemIds: readonly number[],
): Promise<ReadonlyMap<number, RevisionRow[]>> {
  const revisions = new Map<number, RevisionRow[]>();
  if (itemIds.length === 0) return revisions;
  const rows = await db
    .selectFrom('revision')
    .selectAll()
    .where('item_id', 'in', itemIds)
    .orderBy('item_id')
    .orderBy('id')
    .execute();
  for (const row of rows) {
    const list = revisions.get(row.item_id);
    if (list) list.push(row);
    else revisions.set(row.item_id, [row]);
  }
  return revisions;
}

function assess(
  { state, outcome }: Pick<ItemRow, 'state' | 'outcome'>,
  record: Readonly<Record<string, string>>,
  texts: readonly ReviewedText[],
): Pick<ItemRow, 'risk' | 'flags' | 'review' | 'has_edited' | 'has_rejected' | 'has_person_text'> {
  const ofItem = state === 'done' ? flagsOfItem(parseReport(outcome)) : [];
  const flags = [...new Set([...ofItem, ...texts.flatMap((text) => text.flags)])];
  const review = reviewOf(texts);
  const open = texts.filter((text) => text.review === 'unreviewed').flatMap((text) => text.flags);
  const has = (state: ReviewedText['review']) => texts.some((text) => text.review === state);
  const isPersons =
    has('edited') || texts.some(({ number }) => number < 0) || hasTextColumn(record);
  return {
    risk: review === 'reviewed' ? 0 : riskOf([...ofItem, ...open]),
    flags: flags.length === 0 ? '' : ` ${flags.join(' ')} `,
    review,
    has_edited: Number(has('edited')),
    has_rejected: Number(has('rejected')),
    has_person_text: Number(isPersons),
  };
}

function reviewOf(texts: readonly ReviewedText[]): ItemReview {
  const open = texts.filter(({ review }) => review === 'unreviewed').length;
  if (open === texts.length) return 'unreviewed';
  return open === 0 ? 'reviewed' : 'partly';
}

/** The report of an item; empty before it is done, and of a dead letter. */
function parseReport(outcome: string): Readonly<Record<string, unknown>> {
  return outcome === '' ? {} : (JSON.parse(outcome) as Record<string, unknown>);
}

/** Whether the record has a text of a person about the picture, in a column such as `alt@ca`. */
function hasTextColumn(record: Readonly<Record<string, string>>): boolean {
  return Object.entries(record).some(([name, value]) => value !== '' && parseTextColumn(name));
}
