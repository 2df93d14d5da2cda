import { sql } from 'kysely';

import { SalamandraError } from '../errors/salamandra-error.js';
import type { JobDatabase } from './database/job-database.js';
import type { BatchRow, FileRow } from './database/tables.js';
import { insertFile } from './files.js';
import { addEvent } from './job-events.js';
import { cancelJob, getJob, type Job, randomId } from './jobs.js';
import type { BatchSpec } from './sources/source.js';

/** Characters of a batch's id after its prefix. */
const ID_CHARACTERS = 24;
/** Before archive jobs: a batch has a deadline. */
const BATCH_PRIORITY = 10;

export interface BatchRequest {
  readonly name: string;
  readonly source: BatchSpec;
  readonly model: string;
  readonly window: { readonly text: string; readonly hours: number };
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputSeconds: number;
}

/** A batch is a job whose items are the lines of its input file. */
export interface Batch {
  readonly job: Job;
  readonly row: BatchRow;
}

export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled';

export async function createBatch(database: JobDatabase, request: BatchRequest): Promise<Batch> {
  const { source, model, window, metadata, outputSeconds } = request;
  const id = `batch_${randomId(ID_CHARACTERS)}`;
  const now = database.now();
  await database.db.transaction().execute(async (trx) => {
    await trx
      .insertInto('job')
      .values({
        id,
        // No command finds this job again.
        key: id,
        kind: 'batch',
        name: request.name,
        state: 'active',
        priority: BATCH_PRIORITY,
        source: JSON.stringify(source),
        recipe: 'null',
        idempotency_key: null,
        model_name: model,
        pilot: 0,
        pilot_state: 'none',
        created_at: now,
      })
      .execute();
    await trx
      .insertInto('batch')
      .values({
        job_id: id,
        endpoint: source.endpoint,
        model,
        input_file_id: source.file,
        completion_window: window.text,
        metadata: JSON.stringify(metadata),
        output_seconds: outputSeconds,
        expires_at: now + window.hours * 3_600_000,
      })
      .execute();
    await addEvent(trx, database, id, 'created', {});
  });
  return await getBatch(database, id);
}

/** @throws NOT_FOUND */
export async function getBatch(database: JobDatabase, id: string): Promise<Batch> {
  const row = await database.db
    .selectFrom('batch')
    .selectAll()
    .where('job_id', '=', id)
    .executeTakeFirst();
  if (!row) {
    throw new SalamandraError('NOT_FOUND', 'There is no batch with this id.', {
      details: { parameter: 'batch_id' },
    });
  }
  return { row, job: await getJob(database, row.job_id) };
}

/** Newest first. @param after the id of the last batch of the page before. @throws NOT_FOUND */
export async function listBatches(
  database: JobDatabase,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Batch[]> {
  let query = database.db
    .selectFrom('job')
    .select('id')
    .where('kind', '=', 'batch')
    .where('state', '!=', 'deleting')
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  if (after !== undefined) {
    const { created_at, id } = (await getBatch(database, after)).job;
    query = query.where((eb) =>
      eb.or([
        eb('created_at', '<', created_at),
        eb.and([eb('created_at', '=', created_at), eb('id', '<', id)]),
      ]),
    );
  }
  const rows = await query.execute();
  return await Promise.all(rows.map(({ id }) => getBatch(database, id)));
}

/** The end that a batch has, or that its output files are being written for. */
export function endOf({ job, row }: Batch): 'completed' | 'expired' | 'cancelled' | 'failed' {
  if (job.listed_at > 0 && job.counts.skipped > 0) return 'failed';
  if (row.expiring_at > 0) return 'expired';
  return job.state === 'cancelled' || job.state === 'cancelling' ? 'cancelled' : 'completed';
}

export function statusOf(batch: Batch): BatchStatus {
  const { job, row } = batch;
  const end = endOf(batch);
  if (end === 'failed' || row.ended_at > 0) return end;
  if (end === 'cancelled') return 'cancelling';
  if (end === 'expired' || row.finalizing_at > 0) return 'finalizing';
  return job.listed_at === 0 ? 'validating' : 'in_progress';
}

/** Ends a batch early: the lines in work end, no others begin. @throws NOT_FOUND, INVALID_REQUEST if it has ended. */
export async function cancelBatch(database: JobDatabase, id: string): Promise<Batch> {
  const batch = await getBatch(database, id);
  const status = statusOf(batch);
  if (status === 'cancelling') return batch;
  const isRunning = batch.job.state === 'active' || batch.job.state === 'paused';
  if (!isRunning || (status !== 'validating' && status !== 'in_progress')) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      `The batch is ${status.replace('_', ' ')}. Only a batch that is validating or in progress can be cancelled.`,
    );
  }
  await database.db
    .updateTable('batch')
    .set({ cancelling_at: database.now() })
    .where('job_id', '=', id)
    .execute();
  await cancelJob(database, id);
  return await getBatch(database, id);
}

/** Stops the batches whose time is over. The lines in work end. */
export async function expireBatches(database: JobDatabase): Promise<void> {
  const { db } = database;
  const now = database.now();
  const overdue = await db
    .selectFrom('batch')
    .innerJoin('job', 'job.id', 'batch.job_id')
    .select('job_id')
    .where('ended_at', '=', 0)
    .where('expires_at', '<=', now)
    .where('job.state', 'in', ['active', 'paused'])
    .execute();
  for (const { job_id } of overdue) {
    await db.transaction().execute(async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('job')
        .set({ state: 'cancelling' })
        .where('id', '=', job_id)
        .where('state', 'in', ['active', 'paused'])
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return;
      await trx
        .updateTable('batch')
        .set({ expiring_at: now })
        .where('job_id', '=', job_id)
        .execute();
      await addEvent(trx, database, job_id, 'cancelled', { reason: 'The time is over.' });
    });
  }
}

/** Batches whose lines are all done, and whose output is not stored yet. Marks them as `finalizing`. */
export async function findBatchesToEnd(database: JobDatabase): Promise<Batch[]> {
  const { db } = database;
  const rows = await db
    .selectFrom('batch')
    .innerJoin('job', 'job.id', 'batch.job_id')
    .select(['job_id', 'finalizing_at'])
    .where('ended_at', '=', 0)
    .where('job.state', 'in', ['done', 'cancelled'])
    .where('job.finished_at', '>', 0)
    .execute();
  const begun = rows.filter(({ finalizing_at }) => finalizing_at === 0);
  if (begun.length > 0) {
    await db
      .updateTable('batch')
      .set({ finalizing_at: database.now() })
      .where(
        'job_id',
        'in',
        begun.map(({ job_id }) => job_id),
      )
      .where('finalizing_at', '=', 0)
      .execute();
  }
  return await Promise.all(rows.map(({ job_id }) => getBatch(database, job_id)));
}

export interface BatchEnd {
  /** Their content is on disk. */
  readonly output?: FileRow | undefined;
  readonly errors?: FileRow | undefined;
  readonly usage?: object | undefined;
}

/** Stores the end of a batch, once. */
export async function endBatch(
  database: JobDatabase,
  id: string,
  { output, errors, usage }: BatchEnd,
): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('batch')
      .set({
        ended_at: database.now(),
        output_file_id: output?.id ?? '',
        error_file_id: errors?.id ?? '',
        usage: usage ? JSON.stringify(usage) : '',
      })
      .where('job_id', '=', id)
      .where('ended_at', '=', sql.lit(0))
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    for (const file of [output, errors]) if (file) await insertFile(trx, file);
  });
}
