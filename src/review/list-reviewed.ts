import { type ExpressionBuilder, type Expression, sql, type SqlBool } from 'kysely';

import { findChanged } from '../jobs/find-changed.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import { hasWords } from '../jobs/database/search-index.js';
import type { ItemReview, ItemRow, Tables } from '../jobs/database/tables.js';
import { searchWords } from '../language/search-words.js';

/** Which items of a job are shown. Every condition must hold. */
export interface ItemFilter {
  readonly state?: ItemRow['state'] | undefined;
  /** `edited` and `rejected`: at least one text is. */
  readonly review?: ItemReview | 'edited' | 'rejected' | undefined;
  /** Name of a flag that the item has. */
  readonly flag?: string | undefined;
  /** Words that must all occur, or begin a word, in the texts, the identifier and the record. */
  readonly search?: string | undefined;
  /** A person wrote a text, or the record has one. */
  readonly hasPersonText?: boolean | undefined;
  /** The file has another size or time of modification than the one that was captioned. Looks at every file. */
  readonly changed?: boolean | undefined;
}

/** `position`: that of the source. `risk`: the highest first, then that of the source. */
export type ItemOrder = 'position' | 'risk';

export interface ReviewPage {
  readonly filter: ItemFilter;
  readonly order: ItemOrder;
  /** The last item of the page before. */
  readonly after?: ItemPlace | undefined;
  readonly limit: number;
}

/** Where an item is in either order. */
export type ItemPlace = Pick<ItemRow, 'position' | 'risk'>;

export async function listReviewed(
  database: JobDatabase,
  jobId: string,
  { filter, order, after, limit }: ReviewPage,
): Promise<ItemRow[]> {
  const condition = await filterCondition(database, jobId, filter);
  let query = database.db.selectFrom('item').selectAll().where(condition).limit(limit);
  if (order === 'risk') query = query.orderBy('risk', 'desc');
  query = query.orderBy('position');
  if (after) query = query.where(isBehind(after, order));
  return await query.execute();
}

/** Ids of the items before and behind one in the order of a filter; the item itself need not pass it. */
export async function neighboursOf(
  database: JobDatabase,
  jobId: string,
  { filter, order }: Pick<ReviewPage, 'filter' | 'order'>,
  place: ItemPlace,
): Promise<{ readonly previous: number | null; readonly next: number | null }> {
  const condition = await filterCondition(database, jobId, filter);
  const query = database.db.selectFrom('item').select('id').where(condition).limit(1);
  let before = query.where(isBefore(place, order));
  let behind = query.where(isBehind(place, order));
  if (order === 'risk') before = before.orderBy('risk', 'asc');
  if (order === 'risk') behind = behind.orderBy('risk', 'desc');
  const previous = await before.orderBy('position', 'desc').executeTakeFirst();
  const next = await behind.orderBy('position', 'asc').executeTakeFirst();
  return { previous: previous?.id ?? null, next: next?.id ?? null };
}

type ItemCondition = (eb: ExpressionBuilder<Tables, 'item'>) => Expression<SqlBool>;

function isBehind({ risk, position }: ItemPlace, order: ItemOrder): ItemCondition {
  if (order === 'position') return (eb) => eb('position', '>', position);
  // The first condition is the range of the index.
  return (eb) =>
    eb.and([eb('risk', '<=', risk), eb.or([eb('risk', '<', risk), eb('position', '>', position)])]);
}

function isBefore({ risk, position }: ItemPlace, order: ItemOrder): ItemCondition {
  if (order === 'position') return (eb) => eb('position', '<', position);
  return (eb) =>
    eb.and([eb('risk', '>=', risk), eb.or([eb('risk', '>', risk), eb('position', '<', position)])]);
}

/** The condition of a filter on the table `item`. */
export async function filterCondition(
  database: JobDatabase,
  jobId: string,
  filter: ItemFilter,
): Promise<ItemCondition> {
  const changed = filter.changed === true ? await findChanged(database, jobId) : undefined;
  const words = searchWords(filter.search ?? '');
  return (eb) => {
    const conditions: Expression<SqlBool>[] = [eb('job_id', '=', jobId)];
    if (filter.state !== undefined) conditions.push(eb('state', '=', filter.state));
    if (filter.review === 'edited') conditions.push(eb('has_edited', '=', 1));
    else if (filter.review === 'rejected') conditions.push(eb('has_rejected', '=', 1));
    else if (filter.review !== undefined) conditions.push(eb('review', '=', filter.review));
    if (filter.flag !== undefined) conditions.push(hasFlag(filter.flag));
    if (filter.hasPersonText === true) conditions.push(eb('has_person_text', '=', 1));
    if (words.length > 0) conditions.push(hasWords(database.kind, jobId, words));
    // One parameter of JSON: the number of parameters is limited.
    if (changed) conditions.push(isOneOf(database, changed));
    return eb.and(conditions);
  };
}

function hasFlag(name: string): Expression<SqlBool> {
  // Names have letters and `_`, which LIKE would take for any character.
  return sql<SqlBool>`flags like ${`% ${name.replaceAll('_', '\\_')} %`} escape '\\'`;
}

function isOneOf({ kind }: Pick<JobDatabase, 'kind'>, ids: readonly number[]): Expression<SqlBool> {
  const json = JSON.stringify(ids);
  return kind === 'postgres'
    ? sql<SqlBool>`id in (select cast(value as bigint) from json_array_elements_text(${json}::json) as value)`
    : sql<SqlBool>`id in (select value from json_each(${json}))`;
}
