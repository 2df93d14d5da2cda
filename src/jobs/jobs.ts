import { randomBytes } from 'node:crypto';

import type { Transaction } from 'kysely';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { JobDatabase } from './database/job-database.js';
import { deleteWords } from './database/search-index.js';
import type { JobCounts, JobRow, SkippedRow, Tables } from './database/tables.js';
import { countsOf, NO_COUNTS } from './job-counts.js';
import { addEvent, type JobEventType } from './job-events.js';
import { hashOf, type PinnedModel, type Recipe } from './recipe.js';
import type { BatchSpec, JobSource } from './sources/source.js';

/** Characters of a job's id after its prefix: 50 random bits. */
const ID_CHARACTERS = 10;
const ID_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Rows per transaction when a job is deleted, so that workers do not wait long for the write lock. */
const DELETE_ROWS = 5_000;

export interface JobRequest {
  readonly name: string;
  readonly source: Exclude<JobSource, BatchSpec>;
  readonly recipe: Recipe;
  /** Higher numbers first. Default: 0. */
  readonly priority?: number;
  /** Items that are captioned first, spread over the source. Then the job waits. Default: 0, no pilot. */
  readonly pilot?: number;
  /** The model to use; `null` accepts that of the first worker. */
  readonly modelName: string | null;
  /** A second request with the same key returns the job of the first. */
  readonly idempotencyKey?: string;
}

/** A job with its counts. */
export interface Job extends Omit<JobRow, 'source' | 'recipe' | 'model'> {
  readonly source: JobSource;
  /** `null` for a batch. */
  readonly recipe: Recipe | null;
  readonly model: PinnedModel | null;
  readonly counts: JobCounts;
}

/** What the same command has again: two requests with the same key are about the same work. */
function jobKey({ source, recipe, modelName }: JobRequest): string {
  return hashOf([source, recipe, modelName]);
}

/**
 * @returns the new job, or that of an earlier request with the same idempotency key.
 * @throws INVALID_PARAMETER if the idempotency key was used with another source or recipe.
 */
export async function createJob(database: JobDatabase, request: JobRequest): Promise<Job> {
  const { db } = database;
  const key = jobKey(request);
  const id = `job_${randomId(ID_CHARACTERS)}`;
  const { idempotencyKey = null, pilot = 0 } = request;
  await db.transaction().execute(async (trx) => {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('job')
      .values({
        id,
        key,
        name: request.name,
        state: 'active',
        priority: request.priority ?? 0,
        source: JSON.stringify(request.source),
        recipe: JSON.stringify(request.recipe),
        idempotency_key: idempotencyKey,
        model_name: request.modelName,
        pilot,
        pilot_state: pilot > 0 ? 'pending' : 'none',
        listed_by: request.source.kind === 'uploads' ? 'client' : 'worker',
        created_at: database.now(),
      })
      .onConflict((conflict) => conflict.column('idempotency_key').doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) await addEvent(trx, database, id, 'created', {});
  });
  const row =
    idempotencyKey === null
      ? await findRow(database, id)
      : await db
          .selectFrom('job')
          .selectAll()
          .where('idempotency_key', '=', idempotencyKey)
          .executeTakeFirst();
  if (!row) throw noSuchJob(id);
  if (row.key !== key) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'This idempotency key was used for a job with another source or recipe. Use a new key.',
    );
  }
  return await withCounts(database, row);
}

/** The newest job about the same work that is not cancelled. */
export async function findSameJob(
  database: JobDatabase,
  request: JobRequest,
): Promise<Job | undefined> {
  const row = await database.db
    .selectFrom('job')
    .selectAll()
    .where('key', '=', jobKey(request))
    .where('state', 'in', ['active', 'paused', 'done'])
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  return row && (await withCounts(database, row));
}

/** @param reference an id, the unique start of one, or `last`. @throws NOT_FOUND */
export async function getJob(database: JobDatabase, reference: string): Promise<Job> {
  const { db } = database;
  const exact = await findRow(database, reference);
  if (exact) return await withCounts(database, exact);
  const query = db.selectFrom('job').selectAll().orderBy('created_at', 'desc').orderBy('id');
  if (reference === 'last') {
    const row = await query.executeTakeFirst();
    if (row) return await withCounts(database, row);
    throw new SalamandraError('NOT_FOUND', 'There is no job yet.');
  }
  const start = reference.startsWith('job_') ? reference : `job_${reference}`;
  const isSafe = /^job_[0-9a-z]+$/.test(start);
  const rows = isSafe
    ? await query.where('id', '>=', start).where('id', '<', `${start}{`).limit(2).execute()
    : [];
  const [row, ambiguous] = rows;
  if (!row) throw noSuchJob(reference);
  if (ambiguous) {
    throw new SalamandraError(
      'NOT_FOUND',
      `Several jobs begin with "${reference}". Name more of the id.`,
    );
  }
  return await withCounts(database, row);
}

/** Newest first. @param after the id of the last job of the page before. */
export async function listJobs(
  database: JobDatabase,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Job[]> {
  let query = database.db
    .selectFrom('job')
    .selectAll()
    .where('state', '!=', 'deleting')
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  if (after !== undefined) {
    const { created_at, id } = await getJob(database, after);
    query = query.where((eb) =>
      eb.or([
        eb('created_at', '<', created_at),
        eb.and([eb('created_at', '=', created_at), eb('id', '<', id)]),
      ]),
    );
  }
  const rows = await query.execute();
  const counts = await countsOf(
    database,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => toJob(row, counts.get(row.id)));
}

/** Stops claims. Items in work end. @throws NOT_FOUND, INVALID_PARAMETER for a job that has ended. */
export async function pauseJob(database: JobDatabase, id: string, reason: string): Promise<void> {
  await changeState(
    database,
    id,
    ['active', 'paused'],
    'paused',
    { pause_reason: reason },
    'paused',
  );
}

/** Goes on with a job that is paused or held, or whose pilot is done. @throws as `pauseJob`. */
export async function resumeJob(database: JobDatabase, id: string): Promise<void> {
  const change = { pause_reason: '', hold_until: 0, hold_reason: '' };
  await changeState(database, id, ['active', 'paused'], 'active', change, 'resumed');
}

/** Ends a job: the items in work end, the others are not begun. The texts stay. @throws as `pauseJob`. */
export async function cancelJob(database: JobDatabase, id: string): Promise<void> {
  await changeState(database, id, ['active', 'paused'], 'cancelling', {}, 'cancelled');
}

async function changeState(
  database: JobDatabase,
  id: string,
  from: readonly JobRow['state'][],
  state: JobRow['state'],
  change: Partial<JobRow>,
  event: JobEventType,
): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('job')
      .set({ ...change, state })
      .where('id', '=', id)
      .where('state', 'in', from)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) {
      const row = await trx
        .selectFrom('job')
        .select('state')
        .where('id', '=', id)
        .executeTakeFirst();
      if (!row) throw noSuchJob(id);
      throw new SalamandraError(
        'INVALID_PARAMETER',
        `The job is ${row.state}; only a job that is ${from.join(' or ')} can be ${event}.`,
      );
    }
    await addEvent(trx, database, id, event, change);
  });
}

/** Holds back the claims of a job until the machine is mended. */
export async function holdJob(
  database: JobDatabase,
  id: string,
  reason: string,
  holdMs: number,
): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    const now = database.now();
    const { numUpdatedRows } = await trx
      .updateTable('job')
      .set({ hold_until: now + holdMs, hold_reason: reason })
      .where('id', '=', id)
      .where('hold_until', '<=', now)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) await addEvent(trx, database, id, 'held', { reason });
  });
}

/** Removes the files that were uploaded into a job. */
export type RemoveFiles = (jobId: string) => Promise<void>;

/**
 * Removes a job with its items, texts and uploaded files, in small transactions. Files of the source are not touched.
 *
 * @throws NOT_FOUND, INVALID_PARAMETER while items are in work.
 */
export async function deleteJob(
  database: JobDatabase,
  id: string,
  removeFiles?: RemoveFiles,
): Promise<void> {
  const { db } = database;
  const job = await getJob(database, id);
  if (job.counts.active > 0) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${job.counts.active} items of the job are in work. Cancel the job and wait until they end.`,
    );
  }
  await db.updateTable('job').set({ state: 'deleting' }).where('id', '=', job.id).execute();
  await removeFiles?.(job.id);
  await deleteRows(database, job.id);
}

/** Goes on with deletions whose process was killed. */
export async function finishDeletions(
  database: JobDatabase,
  removeFiles?: RemoveFiles,
): Promise<void> {
  const jobs = await database.db
    .selectFrom('job')
    .select('id')
    .where('state', '=', 'deleting')
    .execute();
  for (const { id } of jobs) {
    await removeFiles?.(id);
    await deleteRows(database, id);
  }
}

async function deleteRows({ db }: JobDatabase, id: string): Promise<void> {
  for (;;) {
    const rows = await db
      .selectFrom('item')
      .select('id')
      .where('job_id', '=', id)
      .orderBy('id')
      .limit(DELETE_ROWS)
      .execute();
    if (rows.length === 0) break;
    const ids = rows.map((row) => row.id);
    await db.transaction().execute(async (trx) => {
      // Items first: a worker that stores a result meanwhile waits for the row, and then finds it gone.
      await trx.deleteFrom('item').where('id', 'in', ids).execute();
      await trx.deleteFrom('result').where('item_id', 'in', ids).execute();
      await trx.deleteFrom('revision').where('item_id', 'in', ids).execute();
      await deleteWords(trx, ids);
    });
  }
  await db.transaction().execute(async (trx) => {
    for (const table of ['skipped', 'event', 'job_counter', 'batch', 'upload'] as const) {
      await trx.deleteFrom(table).where('job_id', '=', id).execute();
    }
    await trx.deleteFrom('job').where('id', '=', id).execute();
  });
}

/** Entries of the source that are not items, in the order of listing. */
export async function listSkipped(
  database: JobDatabase,
  id: string,
  { after = 0, limit }: { readonly after?: number; readonly limit: number },
): Promise<SkippedRow[]> {
  return await database.db
    .selectFrom('skipped')
    .selectAll()
    .where('job_id', '=', id)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Reads a job and keeps others from changing it until the transaction ends. */
export async function lockJob(
  trx: Transaction<Tables>,
  { kind }: Pick<JobDatabase, 'kind'>,
  id: string,
): Promise<JobRow | undefined> {
  const query = trx.selectFrom('job').selectAll().where('id', '=', id);
  // A transaction of SQLite has the write lock from its start.
  return await (kind === 'postgres' ? query.forUpdate() : query).executeTakeFirst();
}

async function findRow({ db }: JobDatabase, id: string): Promise<JobRow | undefined> {
  return await db.selectFrom('job').selectAll().where('id', '=', id).executeTakeFirst();
}

async function withCounts(database: JobDatabase, row: JobRow): Promise<Job> {
  return toJob(row, (await countsOf(database, [row.id])).get(row.id));
}

function toJob(row: JobRow, counts: JobCounts = NO_COUNTS): Job {
  return {
    ...row,
    source: JSON.parse(row.source) as JobSource,
    recipe: JSON.parse(row.recipe) as Recipe | null,
    model: row.model === null ? null : (JSON.parse(row.model) as PinnedModel),
    counts,
  };
}

/** @param characters of 5 random bits each. */
export function randomId(characters: number): string {
  return Array.from(randomBytes(characters), (byte) => ID_ALPHABET[byte % 32]).join('');
}

function noSuchJob(reference: string): SalamandraError {
  const name = reference.slice(0, 80);
  return new SalamandraError(
    'NOT_FOUND',
    `There is no job "${name}". See \`salamandra jobs list\`.`,
  );
}
