import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import { sql } from 'kysely';

import { isOwnerGone, LOCK_OWNER } from '../config/lock-owner.js';
import { LEASE_MS } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import type { WorkerRow } from './database/tables.js';
import type { PinnedModel } from './recipe.js';

/** The weight of the newest interval between two heartbeats in the rate. */
const NEWEST_WEIGHT = 0.3;
const HOUR_MS = 3_600_000;

/** An id that tells which process it is: `LOCK_OWNER` and a random part. */
export function createWorkerId(): string {
  return `${LOCK_OWNER.trim()} ${randomUUID().slice(0, 8)}`;
}

export async function registerWorker(
  database: JobDatabase,
  id: string,
  model: PinnedModel,
): Promise<void> {
  const now = database.now();
  const row = {
    host: hostname(),
    pid: process.pid,
    state: 'working' as const,
    model: `${model.id} (${model.precision})`,
    started_at: now,
    heartbeat_at: now,
    items_done: 0,
    rate: 0,
  };
  await database.db
    .insertInto('worker')
    .values({ id, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

/**
 * Records that a worker lives, and its rate as a moving average.
 *
 * @returns `false` if the worker was forgotten, because its process was frozen for long: it must be registered again.
 */
export async function heartbeat(
  { db, now }: JobDatabase,
  id: string,
  { state, itemsDone }: { readonly state: WorkerRow['state']; readonly itemsDone: number },
): Promise<boolean> {
  const before = await db.selectFrom('worker').selectAll().where('id', '=', id).executeTakeFirst();
  const time = now();
  const elapsed = Math.max(1, time - (before?.heartbeat_at ?? time));
  const newest = ((itemsDone - (before?.items_done ?? 0)) * HOUR_MS) / elapsed;
  const isFirst = before?.heartbeat_at === before?.started_at;
  const rate = isFirst
    ? newest
    : newest * NEWEST_WEIGHT + (before?.rate ?? 0) * (1 - NEWEST_WEIGHT);
  const { numUpdatedRows } = await db
    .updateTable('worker')
    .set({ state, items_done: itemsDone, heartbeat_at: time, rate })
    .where('id', '=', id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function removeWorker({ db }: JobDatabase, id: string): Promise<void> {
  await db.deleteFrom('worker').where('id', '=', id).execute();
}

/**
 * Ends the leases of workers of this machine whose process is gone, so that their items need not wait for it: after
 * Ctrl-C pressed twice, or a crash, the next run goes on at once.
 */
export async function forgetLostWorkers({ db }: Pick<JobDatabase, 'db'>): Promise<void> {
  const workers = await db.selectFrom('worker').select('id').execute();
  for (const { id } of workers.filter((worker) => isOwnerGone(worker.id))) {
    await db.transaction().execute(async (trx) => {
      await trx
        .updateTable('item')
        .set({ lease_until: 0 })
        .where('state', '=', sql.lit('active'))
        .where('worker', '=', id)
        .execute();
      await trx.deleteFrom('worker').where('id', '=', id).execute();
    });
  }
  const listers = await db
    .selectFrom('job')
    .select(['id', 'listing_worker'])
    .where('listed_at', '=', 0)
    .where('listing_lease_until', '>', 0)
    .execute();
  for (const { id, listing_worker } of listers.filter((job) => isOwnerGone(job.listing_worker))) {
    await db
      .updateTable('job')
      .set({ listing_lease_until: 0 })
      .where('id', '=', id)
      .where('listing_worker', '=', listing_worker)
      .execute();
  }
}

/** The workers that live. Those without a heartbeat for two leases are forgotten. */
export async function listWorkers(database: JobDatabase): Promise<WorkerRow[]> {
  const { db } = database;
  await forgetLostWorkers(database);
  await db
    .deleteFrom('worker')
    .where('heartbeat_at', '<', database.now() - 2 * LEASE_MS)
    .execute();
  return await db.selectFrom('worker').selectAll().orderBy('started_at').execute();
}
