import { setTimeout } from 'node:timers/promises';

import { sql, type Transaction } from 'kysely';

import { SalamandraError } from '../errors/salamandra-error.js';
import { isNotHeld } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import type { JobKind, JobRow, Tables } from './database/tables.js';
import { countSkipped } from './job-counts.js';
import { addEvent } from './job-events.js';
import { lockJob } from './jobs.js';
import type { ItemLocation, JobSource, ListedEntry, ListOptions } from './sources/source.js';
import { choosePilot } from './pilot.js';
import { storableText } from './storable-text.js';
import { storeEntries } from './store-entries.js';

/** Entries that are stored in one transaction. More make each transaction longer, and others wait for it. */
const BATCH_ENTRIES = 1_000;
/** Milliseconds after which a smaller batch is stored: a slow source, such as a collection of manifests. */
const BATCH_MS = 2_000;
/** Milliseconds without a stored batch after which another worker goes on with the listing. */
const LISTING_LEASE_MS = 120_000;

export type ListSource = (
  spec: JobSource,
  options: ListOptions,
) => AsyncIterable<ListedEntry<ItemLocation>>;

export interface ListingOptions {
  readonly database: JobDatabase;
  readonly listSource: ListSource;
  readonly listing: Omit<ListOptions, 'after' | 'signal'>;
  /** Kinds of jobs that this worker can do. Default: archive jobs. */
  readonly kinds?: readonly JobKind[] | undefined;
  /** This job only. */
  readonly jobId?: string | undefined;
  /** A line for the operator: a failure of the database or the machine. */
  readonly onNote?: ((line: string) => void) | undefined;
}

/** A job whose source this worker lists. */
interface ListingClaim {
  readonly jobId: string;
  readonly source: JobSource;
  readonly cursor: string;
}

/** Claims a job whose source is not listed yet, or whose lister was lost. */
async function claimListing(
  database: JobDatabase,
  worker: string,
  { jobId, kinds = ['archive'] }: Pick<ListingOptions, 'jobId' | 'kinds'>,
): Promise<ListingClaim | undefined> {
  const { db } = database;
  const now = database.now();
  let jobs = db
    .selectFrom('job')
    .select(['id', 'source', 'listing_cursor'])
    .where('state', '=', 'active')
    .where('kind', 'in', kinds)
    .where('listed_by', '=', 'worker')
    .where('listed_at', '=', 0)
    .where((eb) => isNotHeld(eb, now))
    .where((eb) =>
      eb.or([
        eb('listing_lease_until', '<', now),
        // The clock was set back.
        eb('listing_lease_until', '>', now + 2 * LISTING_LEASE_MS),
      ]),
    )
    .orderBy('priority', 'desc')
    .orderBy('created_at');
  if (jobId !== undefined) jobs = jobs.where('id', '=', jobId);
  const job = await jobs.executeTakeFirst();
  if (!job) return undefined;
  const { numUpdatedRows } = await db
    .updateTable('job')
    .set({ listing_worker: worker, listing_lease_until: now + LISTING_LEASE_MS })
    .where('id', '=', job.id)
    .where('listed_at', '=', 0)
    .where((eb) =>
      eb.or([
        eb('listing_lease_until', '<', now),
        eb('listing_lease_until', '>', now + 2 * LISTING_LEASE_MS),
      ]),
    )
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return undefined;
  return {
    jobId: job.id,
    source: JSON.parse(job.source) as JobSource,
    cursor: job.listing_cursor,
  };
}

/** Milliseconds before a source is listed again after a failure that may pass. */
const RETRY_MS = 2_000;

/**
 * Lists the source of the next job that needs it, until `stop` is aborted. A source that cannot be listed pauses its
 * job with the reason.
 *
 * @param worker id of the worker that lists it.
 * @returns whether there was one.
 * @throws the errors of the database
 */
export async function listNextSource(
  options: ListingOptions,
  worker: string,
  stop: AbortSignal,
): Promise<boolean> {
  const { database, listSource, listing, onNote } = options;
  const claim = await claimListing(database, worker, options);
  if (!claim) return false;
  try {
    await listSourceItems(database, worker, claim, listSource, { ...listing, signal: stop });
  } catch (error) {
    if (!stop.aborted && error instanceof SalamandraError && !error.retryable) {
      await failListing(database, claim.jobId, error);
      return true;
    }
    await releaseListing(database, worker, claim.jobId);
    if (stop.aborted) return true;
    const reason = error instanceof SalamandraError ? error.publicMessage : String(error);
    onNote?.(`The source could not be listed: ${reason} Trying again.`);
    await setTimeout(RETRY_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  return true;
}

/**
 * Lists the source of a job and stores its items in batches, each together with the cursor behind it: after a kill,
 * listing goes on where the last batch ended.
 *
 * @returns whether the listing is complete; `false` if another worker took it over, or the job was paused.
 * @throws the errors of the source, the signal's reason.
 */
async function listSourceItems(
  database: JobDatabase,
  worker: string,
  claim: ListingClaim,
  listSource: ListSource,
  options: Omit<ListOptions, 'after'>,
): Promise<boolean> {
  const after = claim.cursor === '' ? undefined : claim.cursor;
  let batch: ListedEntry<ItemLocation>[] = [];
  let batchStart = Date.now();
  for await (const entry of listSource(claim.source, { ...options, after })) {
    batch.push(entry);
    if (batch.length < BATCH_ENTRIES && Date.now() - batchStart < BATCH_MS) continue;
    if (!(await storeBatch(database, worker, claim.jobId, batch))) return false;
    batch = [];
    batchStart = Date.now();
  }
  if (batch.length > 0 && !(await storeBatch(database, worker, claim.jobId, batch))) return false;
  await endListing(database, worker, claim.jobId);
  return true;
}

/** Gives a listing back, so that another worker can go on with it at once. */
async function releaseListing(
  { db }: Pick<JobDatabase, 'db'>,
  worker: string,
  jobId: string,
): Promise<void> {
  await db
    .updateTable('job')
    .set({ listing_lease_until: 0 })
    .where('id', '=', jobId)
    .where('listing_worker', '=', worker)
    .execute();
}

/** Lists the source of a job again: entries that are new become items. */
export async function listAgain(database: JobDatabase, jobId: string): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('job')
      .set((eb) => ({
        state: sql<JobRow['state']>`case when state = 'done' then 'active' else state end`,
        finished_at: 0,
        listed_at: 0,
        listing_cursor: '',
        listing_error: '',
        listing_lease_until: 0,
        listing_base: eb.ref('next_position'),
      }))
      .where('id', '=', jobId)
      .where('state', 'in', ['active', 'paused', 'done'])
      .where('listed_at', '>', 0)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    // Reported anew by the listing.
    await trx.deleteFrom('skipped').where('job_id', '=', jobId).execute();
    await trx.updateTable('job_counter').set({ skipped: 0 }).where('job_id', '=', jobId).execute();
  });
}

/** @returns `false` if this worker is no longer the lister of the job. */
async function storeBatch(
  database: JobDatabase,
  worker: string,
  jobId: string,
  batch: readonly ListedEntry<ItemLocation>[],
): Promise<boolean> {
  return await database.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, database, jobId);
    const isLister =
      job?.listing_worker === worker && job.listed_at === 0 && job.state === 'active';
    if (!isLister) return false;
    await trx
      .updateTable('job')
      .set({
        listing_cursor: storableText(batch.at(-1)?.cursor ?? ''),
        listing_lease_until: database.now() + LISTING_LEASE_MS,
      })
      .where('id', '=', jobId)
      .execute();
    await storeEntries(trx, database, job, batch);
    return true;
  });
}

async function endListing(database: JobDatabase, worker: string, jobId: string): Promise<void> {
  await database.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, database, jobId);
    if (job?.listing_worker !== worker || job.listed_at > 0) return;
    await closeListing(trx, database, job);
  });
}

/**
 * Marks the listing of a job as complete, and chooses the items of the pilot.
 *
 * @param job locked by this transaction.
 */
export async function closeListing(
  trx: Transaction<Tables>,
  database: JobDatabase,
  job: JobRow,
): Promise<void> {
  const isPilot = job.pilot_state === 'pending';
  if (isPilot) await choosePilot(trx, job.id, job.pilot, job.next_position);
  // A batch with an invalid line does nothing.
  const isRefused = job.kind === 'batch' && (await countSkipped(trx, job.id)) > 0;
  await trx
    .updateTable('job')
    .set({
      listed_at: database.now(),
      listing_lease_until: 0,
      ...(isRefused && { state: 'cancelled' as const, finished_at: database.now() }),
      ...(isPilot && { pilot_state: 'running' as const }),
    })
    .where('id', '=', job.id)
    .execute();
  await addEvent(trx, database, job.id, 'listed', { entries: job.next_position });
}

/** Stops a listing that failed: the job is paused with the reason, and `resume` tries again. */
async function failListing(database: JobDatabase, jobId: string, error: unknown): Promise<void> {
  const reason =
    error instanceof SalamandraError
      ? error.publicMessage
      : 'The source could not be listed: internal error.';
  await database.db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('job')
      .set({
        state: 'paused',
        pause_reason: `The source could not be listed. ${reason}`,
        listing_error: reason,
        listing_lease_until: 0,
      })
      .where('id', '=', jobId)
      .where('state', '=', 'active')
      .executeTakeFirst();
    if (numUpdatedRows > 0n) await addEvent(trx, database, jobId, 'paused', { reason });
  });
}
