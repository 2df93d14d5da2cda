import { sql, type Transaction } from 'kysely';

import type { DatabaseKind, JobDatabase } from './database/job-database.js';
import type { JobRow, Tables } from './database/tables.js';
import { addCounts } from './job-counts.js';
import type { ItemLocation, SourceEntry } from './sources/source.js';
import { storableText } from './storable-text.js';

/** Skipped entries that are stored with their reason. Further ones are counted. */
const MAX_SKIPPED_ROWS = 10_000;

/**
 * Stores entries of the source of a job: new items in their order, and what is skipped.
 *
 * @param job locked by this transaction.
 * @returns the number of new items.
 */
export async function storeEntries(
  trx: Transaction<Tables>,
  database: JobDatabase,
  job: JobRow,
  batch: readonly SourceEntry<ItemLocation>[],
): Promise<number> {
  const skipped = batch.flatMap((entry) => ('skipped' in entry ? [entry.skipped] : []));
  const items = batch
    .flatMap((entry) => ('item' in entry ? [entry.item] : []))
    .map(({ identifier, location, record }, index) => ({
      position: job.next_position + index,
      identifier,
      location: JSON.stringify(location),
      record: JSON.stringify(record),
    }));
  const inserted = await insertItems(trx, database.kind, job.id, items);
  const duplicates =
    inserted < items.length ? await findDuplicates(trx, job.id, items, job.listing_base) : [];
  const rows = [
    ...skipped.map(({ entry, code, reason }) => ({ entry, code: code, reason })),
    ...duplicates.map((entry) => ({
      entry,
      code: 'DUPLICATE_IDENTIFIER',
      reason: 'An earlier entry of the source has the same identifier.',
    })),
  ];
  if (rows.length > 0) await storeSkipped(trx, job.id, rows);
  const skippedCount = skipped.reduce((sum, { count }) => sum + count, duplicates.length);
  await trx
    .updateTable('job')
    .set({ next_position: job.next_position + items.length })
    .where('id', '=', job.id)
    .execute();
  // Last: other transactions of this process wait for the row of counts.
  await addCounts(trx, job.id, { queued: inserted, skipped: skippedCount });
  return inserted;
}

interface NewItem {
  readonly position: number;
  readonly identifier: string;
  readonly location: string;
  readonly record: string;
}

/**
 * Stores items whose identifier is new. They are sent as one parameter of JSON: a parameter per value takes four times
 * as long.
 *
 * @returns their number
 */
async function insertItems(
  trx: Transaction<Tables>,
  kind: DatabaseKind,
  jobId: string,
  items: readonly NewItem[],
): Promise<number> {
  const rows = items.map(({ position, identifier, location, record }) => [
    position,
    identifier,
    location,
    record,
  ]);
  const value = (index: number) => sql`listed.value->>${sql.lit(index)}`;
  const source =
    kind === 'postgres'
      ? sql`json_array_elements(${JSON.stringify(rows)}::json)`
      : sql`json_each(${JSON.stringify(rows)})`;
  const { numAffectedRows = 0n } = await sql`
    insert into item (job_id, position, identifier, location, record, state)
    select ${jobId}, cast(${value(0)} as bigint), ${value(1)}, ${value(2)}, ${value(3)}, 'queued' from ${source} as listed
    where true
    on conflict (job_id, identifier) do nothing`.execute(trx);
  return Number(numAffectedRows);
}

/**
 * Identifiers of this batch that an entry of the same listing had before. Those of earlier listings are the same items.
 */
async function findDuplicates(
  trx: Transaction<Tables>,
  jobId: string,
  items: readonly { readonly identifier: string; readonly position: number }[],
  listingBase: number,
): Promise<string[]> {
  const stored = await trx
    .selectFrom('item')
    .select(['identifier', 'position'])
    .where('job_id', '=', jobId)
    .where(
      'identifier',
      'in',
      items.map(({ identifier }) => identifier),
    )
    .execute();
  const positions = new Map(stored.map(({ identifier, position }) => [identifier, position]));
  return items.flatMap(({ identifier, position }) => {
    const first = positions.get(identifier);
    return first !== undefined && first !== position && first >= listingBase ? [identifier] : [];
  });
}

async function storeSkipped(
  trx: Transaction<Tables>,
  jobId: string,
  rows: readonly { readonly entry: string; readonly code: string; readonly reason: string }[],
): Promise<void> {
  const { count } = await trx
    .selectFrom('skipped')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow();
  const room = MAX_SKIPPED_ROWS - count;
  if (room <= 0) return;
  await trx
    .insertInto('skipped')
    .values(
      rows.slice(0, room).map(({ entry, code, reason }) => ({
        job_id: jobId,
        entry: storableText(entry),
        code,
        reason,
      })),
    )
    .execute();
}
