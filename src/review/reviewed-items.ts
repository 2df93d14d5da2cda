import type { Receipt } from '../engine/receipts/receipt.js';
import { readRevisions } from '../jobs/assess-items.js';
import { currentTexts, keyOfText, type ReviewedText, textKey } from '../jobs/current-texts.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import type { ItemReview, ItemRow, RevisionRow } from '../jobs/database/tables.js';
import { unpackReport } from '../jobs/item-receipts.js';
import { readTexts } from '../jobs/items.js';
import { describeLocation } from '../jobs/result-lines.js';
import type { ItemLocation } from '../jobs/sources/source.js';
import { noSuchItem, noSuchText } from './decide.js';
import { type ItemFilter, type ItemOrder, listReviewed } from './list-reviewed.js';
import { parseFlags } from './review-counts.js';

export type { ReviewedText } from '../jobs/current-texts.js';
export type { ItemFilter, ItemOrder } from './list-reviewed.js';

/** Items per page of the database. */
const PAGE_ITEMS = 200;

/** An item with its texts and what was decided about them. */
export interface ReviewedItem {
  readonly id: number;
  /** In the source. */
  readonly position: number;
  readonly identifier: string;
  readonly record: Readonly<Record<string, string>>;
  readonly location: ItemLocation;
  /** Path or URL. */
  readonly source: string;
  readonly state: ItemRow['state'];
  readonly review: ItemReview;
  /** Of the bytes that were captioned; empty before. */
  readonly sha256: string;
  /** Milliseconds since 1970; 0 before. */
  readonly finishedAt: number;
  /** 0 to 1. */
  readonly risk: number;
  readonly flags: readonly string[];
  /** Preprocessing results and provenance, with the field names of the HTTP API. */
  readonly report: Readonly<Record<string, unknown>>;
  readonly texts: readonly ReviewedText[];
  /** Of a dead letter. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** The items of a job that pass a filter, read in pages: memory does not grow with the job. */
export async function* readReviewedItems(
  database: JobDatabase,
  jobId: string,
  filter: ItemFilter = {},
  order: ItemOrder = 'position',
): AsyncGenerator<ReviewedItem> {
  let after: ItemRow | undefined;
  for (;;) {
    const rows = await listReviewed(database, jobId, { filter, order, after, limit: PAGE_ITEMS });
    yield* await toReviewedItems(database, rows);
    after = rows.at(-1);
    if (rows.length < PAGE_ITEMS) return;
  }
}

/** @throws NOT_FOUND for an item that is not of this job. */
export async function readItemRow(
  database: JobDatabase,
  jobId: string,
  itemId: number,
): Promise<ItemRow> {
  const row = await database.db
    .selectFrom('item')
    .selectAll()
    .where('id', '=', itemId)
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  if (!row) throw noSuchItem(itemId);
  return row;
}

/** The decisions about one text, the newest first. @throws NOT_FOUND */
export async function readTextRevisions(
  database: JobDatabase,
  jobId: string,
  itemId: number,
  number: number,
): Promise<RevisionRow[]> {
  const row = await readItemRow(database, jobId, itemId);
  const { texts } = await toReviewedItem(database, row);
  const text = texts.find((each) => each.number === number);
  if (!text) throw noSuchText(number);
  const key = keyOfText(text);
  const rows = (await readRevisions(database.db, [itemId])).get(itemId) ?? [];
  return rows
    .filter((row) => textKey(row.language, row.kind, row.start_seconds) === key)
    .toReversed();
}

/** Adds the texts to an item. */
export async function toReviewedItem(
  database: Pick<JobDatabase, 'db'>,
  row: ItemRow,
): Promise<ReviewedItem> {
  const [item] = await toReviewedItems(database, [row]);
  if (!item) throw noSuchItem(row.id);
  return item;
}

/** Adds the texts to items. */
export async function toReviewedItems(
  { db }: Pick<JobDatabase, 'db'>,
  rows: readonly ItemRow[],
): Promise<ReviewedItem[]> {
  const ids = rows.map(({ id }) => id);
  const drafts = await readTexts(db, ids);
  const revisions = await readRevisions(db, ids);
  return rows.map((row) => {
    const { report, receipts } = unpackReport(row.state === 'dead' ? '' : row.outcome);
    const texts = currentTexts(drafts.get(row.id) ?? [], revisions.get(row.id) ?? []);
    return {
      ...{ id: row.id, position: row.position, identifier: row.identifier },
      record: JSON.parse(row.record) as Record<string, string>,
      location: JSON.parse(row.location) as ItemLocation,
      source: describeLocation(row),
      ...{ state: row.state, review: row.review, sha256: row.sha256, finishedAt: row.finished_at },
      ...{ risk: row.risk, flags: parseFlags(row.flags) },
      report,
      texts: texts.map((text) => withReceipt(text, receipts[text.number])),
      ...(row.state === 'dead' && { error: { code: row.error_code, message: row.error } }),
    };
  });
}

function withReceipt(text: ReviewedText, receipt: Receipt | undefined): ReviewedText {
  return receipt ? { ...text, receipt } : text;
}
