import { sql } from 'kysely';

import type { JobDatabase } from '../jobs/database/job-database.js';
import { countWithWords } from '../jobs/database/search-index.js';
import type { ItemReview, ItemRow } from '../jobs/database/tables.js';
import { searchWords } from '../language/search-words.js';
import { filterCondition, type ItemFilter } from './list-reviewed.js';

/** Numbers of items of a job. */
export interface ReviewCounts {
  readonly total: number;
  readonly byState: Readonly<Record<ItemRow['state'], number>>;
  /** `edited` and `rejected` count items with at least one such text; the others add up to the total. */
  readonly byReview: Readonly<Record<ItemReview | 'edited' | 'rejected', number>>;
  /** An item with several flags is counted for each. */
  readonly byFlag: Readonly<Record<string, number>>;
  readonly withPersonText: number;
}

/** Counts items for the filters of a job. Reads the index `item_by_filter` from start to end. */
export async function reviewCounts(
  { db }: Pick<JobDatabase, 'db'>,
  jobId: string,
): Promise<ReviewCounts> {
  const columns = [
    'state',
    'review',
    'flags',
    'has_edited',
    'has_rejected',
    'has_person_text',
  ] as const;
  const rows = await db
    .selectFrom('item')
    .select([...columns, ({ fn }) => fn.countAll<number>().as('items')])
    .where('job_id', '=', jobId)
    .groupBy(columns)
    .execute();
  const byState = { queued: 0, active: 0, done: 0, dead: 0 };
  const byReview = { unreviewed: 0, partly: 0, reviewed: 0, edited: 0, rejected: 0 };
  const byFlag: Record<string, number> = {};
  let [total, withPersonText] = [0, 0];
  for (const { items, state, review, flags, ...has } of rows) {
    total += items;
    byState[state] += items;
    byReview[review] += items;
    byReview.edited += items * has.has_edited;
    byReview.rejected += items * has.has_rejected;
    withPersonText += items * has.has_person_text;
    for (const flag of parseFlags(flags)) byFlag[flag] = (byFlag[flag] ?? 0) + items;
  }
  return { total, byState, byReview, byFlag, withPersonText };
}

/** The number of items that pass a filter. */
export async function countReviewed(
  database: JobDatabase,
  jobId: string,
  filter: ItemFilter,
): Promise<number> {
  const { search = '', ...others } = filter;
  const words = searchWords(search);
  const isSearch =
    words.length > 0 && Object.values(others).every((value: unknown) => value === undefined);
  if (isSearch) return await countWithWords(database, jobId, words);
  const condition = await filterCondition(database, jobId, filter);
  const { items } = await database.db
    .selectFrom('item')
    .select(sql<number>`count(*)`.as('items'))
    .where(condition)
    .executeTakeFirstOrThrow();
  return items;
}

/** The flags of an item as they are stored. */
export function parseFlags(flags: string): string[] {
  return flags.split(' ').filter((name) => name !== '');
}
