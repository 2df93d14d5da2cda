import { type Kysely, sql } from 'kysely';

import { SalamandraError } from '../errors/salamandra-error.js';
import type { ItemText } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import type { ItemRow, Tables } from './database/tables.js';
import { addCounts } from './job-counts.js';
import { addEvent } from './job-events.js';
import { lockJob } from './jobs.js';
import type { ItemOptions } from './recipe.js';
import { storableText } from './storable-text.js';

/**
 * Puts items of a job back into the queue and makes the job active.
 *
 * @param which `failed`: the dead letters. Otherwise the ids of items that are done or dead.
 * @param options of these items from now on; undefined: those that they have.
 * @returns the number of items.
 * @throws INVALID_PARAMETER for a job that is cancelled.
 */
export async function retryItems(
  database: JobDatabase,
  jobId: string,
  which: 'failed' | readonly number[],
  options?: ItemOptions,
): Promise<number> {
  return await database.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, database, jobId);
    if (job?.state !== 'active' && job?.state !== 'paused' && job?.state !== 'done') {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        `The job is ${job?.state ?? 'deleted'}. Create a new job: texts that were written are used again.`,
      );
    }
    if (job.kind === 'batch') {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        'A batch is not tried again. Create a batch with the lines that failed.',
      );
    }
    const lists = which === 'failed' ? [undefined] : chunk(which);
    const set = options ? { options: storableText(JSON.stringify(options)) } : {};
    let changed = 0;
    for (const state of which === 'failed' ? (['dead'] as const) : (['dead', 'done'] as const)) {
      for (const ids of lists) {
        let update = trx
          .updateTable('item')
          .set({ state: 'queued', attempts: 0, run_after: 0, error_code: '', error: '', ...set })
          .where('job_id', '=', jobId)
          .where('state', '=', state);
        if (ids) update = update.where('id', 'in', ids);
        const count = Number((await update.executeTakeFirst()).numUpdatedRows);
        if (count === 0) continue;
        await addCounts(trx, jobId, { [state]: -count, queued: count });
        changed += count;
      }
    }
    if (changed === 0) return 0;
    await trx
      .updateTable('job')
      .set({ state: job.state === 'paused' ? 'paused' : 'active', finished_at: 0 })
      .where('id', '=', jobId)
      .execute();
    await addEvent(trx, database, jobId, 'retried', { items: changed });
    return changed;
  });
}

/** Parameters of a statement are limited. */
const CHUNK_IDS = 1_000;

function chunk(ids: readonly number[]): (readonly number[])[] {
  const count = Math.ceil(ids.length / CHUNK_IDS);
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * CHUNK_IDS, (index + 1) * CHUNK_IDS),
  );
}

/** The texts of an earlier item with the same fingerprint. */
export async function findReusable(
  { db }: Pick<JobDatabase, 'db'>,
  fingerprint: string,
): Promise<{ readonly texts: readonly ItemText[]; readonly report: object } | undefined> {
  const item = await db
    .selectFrom('item')
    .select(['id', 'outcome'])
    .where('fingerprint', '=', fingerprint)
    .where('state', '=', sql.lit('done'))
    .limit(1)
    .executeTakeFirst();
  if (!item) return undefined;
  // None if the item was deleted meanwhile, or has none.
  const texts = (await readTexts(db, [item.id])).get(item.id);
  return texts && { texts, report: JSON.parse(item.outcome) as object };
}

/** The texts of items, by item id. */
export async function readTexts(
  db: Kysely<Tables>,
  itemIds: readonly number[],
): Promise<ReadonlyMap<number, readonly ItemText[]>> {
  if (itemIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('result')
    .selectAll()
    .where('item_id', 'in', itemIds)
    .orderBy('item_id')
    .orderBy('number')
    .execute();
  const texts = new Map<number, ItemText[]>();
  for (const row of rows) {
    const { item_id, language, kind, start_seconds, end_seconds, text, finish_reason } = row;
    const segment =
      start_seconds === null || end_seconds === null
        ? undefined
        : { startSeconds: start_seconds, endSeconds: end_seconds };
    const list = texts.get(item_id) ?? [];
    list.push({ language, kind, ...(segment && { segment }), text, finishReason: finish_reason });
    texts.set(item_id, list);
  }
  return texts;
}

/** An item with its texts; undefined if it was deleted. */
export async function readItemResult(
  { db }: Pick<JobDatabase, 'db'>,
  id: number,
): Promise<{ readonly row: ItemRow; readonly texts: readonly ItemText[] } | undefined> {
  const row = await db.selectFrom('item').selectAll().where('id', '=', id).executeTakeFirst();
  return row && { row, texts: (await readTexts(db, [id])).get(id) ?? [] };
}

/** Items of a job in the order of its source. @param after the position of the last item of the page before. */
export async function listItems(
  { db }: Pick<JobDatabase, 'db'>,
  jobId: string,
  {
    state,
    after = -1,
    limit,
  }: {
    readonly state?: ItemRow['state'] | undefined;
    readonly after?: number | undefined;
    readonly limit: number;
  },
): Promise<ItemRow[]> {
  let query = db
    .selectFrom('item')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit);
  if (state !== undefined) query = query.where('state', '=', state);
  return await query.execute();
}
