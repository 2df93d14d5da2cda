import { type RawBuilder, sql, type SqlBool, type Transaction } from 'kysely';

import type { DatabaseKind, JobDatabase } from './job-database.js';
import type { Tables } from './tables.js';

/**
 * Statements that create the index of words. Both databases get words that were split and folded here, so that a search
 * finds the same items in both: FTS5 divides at ASCII characters that are not letters, digits or `_`, and
 * `array_to_tsvector` takes words as they are.
 */
export const CREATE_SEARCH_INDEX: Readonly<Record<DatabaseKind, readonly string[]>> = {
  sqlite: [
    // Without the texts themselves and without positions in them.
    `create virtual table item_words using fts5(
      words, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars '_'")`,
  ],
  postgres: [
    `create table item_words (rowid bigint primary key, words tsvector not null)`,
    `create index item_words_by_word on item_words using gin (words)`,
  ],
};

/** Words of an item that are indexed: a `tsvector` has at most 1 MB. */
const MAX_WORDS = 10_000;

/** The words of an item, each once, as `searchWords` returns them. */
export interface IndexedItem {
  readonly id: number;
  readonly jobId: string;
  readonly words: readonly string[];
}

/** Replaces the words of items. */
export async function indexWords(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  items: readonly IndexedItem[],
): Promise<void> {
  if (items.length === 0) return;
  await deleteWords(
    trx,
    items.map(({ id }) => id),
  );
  const rows = items.map(({ id, jobId, words }) => {
    // The job is a word too, so that the words of other jobs cost nothing.
    const all = [jobId, ...words.slice(0, MAX_WORDS)];
    const value =
      kind === 'postgres' ? sql`array_to_tsvector(cast(${all} as text[]))` : sql`${all.join(' ')}`;
    return sql`(${id}, ${value})`;
  });
  for (let start = 0; start < rows.length; start += INSERT_ROWS) {
    const values = sql.join(rows.slice(start, start + INSERT_ROWS));
    await sql`insert into item_words (rowid, words) values ${values}`.execute(trx);
  }
}

/** Rows per statement: with MAX_WORDS each, it is still far below the memory of a process. */
const INSERT_ROWS = 100;

export async function deleteWords(
  trx: Transaction<Tables>,
  itemIds: readonly number[],
): Promise<void> {
  await trx.deleteFrom('item_words').where('rowid', 'in', itemIds).execute();
}

/**
 * The condition that an item of a job has every word, or one that begins with it.
 *
 * @param words of `searchWords`.
 */
export function hasWords(
  kind: DatabaseKind,
  jobId: string,
  words: readonly string[],
): RawBuilder<SqlBool> {
  return sql<SqlBool>`item.id in (select rowid from item_words where ${matches(kind, jobId, words)})`;
}

/** The number of items of a job with every word: five times as fast as counting rows of `item`. */
export async function countWithWords(
  { db, kind }: Pick<JobDatabase, 'db' | 'kind'>,
  jobId: string,
  words: readonly string[],
): Promise<number> {
  const { items } = await db
    .selectFrom('item_words')
    .select(sql<number>`count(*)`.as('items'))
    .where(matches(kind, jobId, words))
    .executeTakeFirstOrThrow();
  return items;
}

function matches(kind: DatabaseKind, jobId: string, words: readonly string[]): RawBuilder<SqlBool> {
  if (kind === 'postgres') {
    const query = [`'${jobId}'`, ...words.map((word) => `'${word}':*`)].join(' & ');
    return sql<SqlBool>`words @@ cast(${query} as tsquery)`;
  }
  const query = [`"${jobId}"`, ...words.map((word) => `"${word}"*`)].join(' AND ');
  return sql<SqlBool>`item_words match ${query}`;
}
