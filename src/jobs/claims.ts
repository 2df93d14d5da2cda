import { sql, type Transaction } from 'kysely';

import type { JobDatabase } from './database/job-database.js';
import type { JobCounts, JobRow, Tables } from './database/tables.js';
import { backoffMs, MAX_ATTEMPTS } from './failure-policy.js';
import { addCounts } from './job-counts.js';
import { addEvent } from './jobs.js';
import type { PinnedModel, Recipe } from './recipe.js';
import type { ItemLocation } from './sources/source.js';

/** Milliseconds that a claim is valid without a renewal. A worker renews it three times as often. */
export const LEASE_MS = 60_000;
/** Expired leases that are returned to the queue in one transaction. */
const EXPIRE_ROWS = 500;
/** Rows per statement: parameters of a statement are limited (SQLite: 32,766; PostgreSQL: 65,535). */
const INSERT_ROWS = 1_000;
/** Jobs that one claim looks at. */
const CLAIM_JOBS = 50;

/** An item in the hands of a worker. */
export interface Claim {
  readonly id: number;
  readonly jobId: string;
  /** Fencing token: whoever has the newest one may store the result. */
  readonly epoch: number;
  readonly attempts: number;
  readonly identifier: string;
  readonly location: ItemLocation;
  readonly record: Readonly<Record<string, string>>;
  readonly recipe: Recipe;
}

/** One text of an item. */
export interface ItemText {
  readonly language: string;
  readonly kind: string;
  /** Of a segment of a video; undefined for a text about the whole. */
  readonly segment?: { readonly startSeconds: number; readonly endSeconds: number };
  readonly text: string;
  readonly finishReason: string;
}

/** Everything that is stored about an item that is done. */
export interface ItemOutcome {
  readonly fingerprint: string;
  readonly sha256: string;
  /** Of a file, in bytes. 0 for other locations. */
  readonly size: number;
  /** Of a file, in milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Preprocessing results and provenance, with the field names of the HTTP API. */
  readonly report: object;
  readonly texts: readonly ItemText[];
  /** Whether the texts are those of an earlier item with the same fingerprint. */
  readonly isReused: boolean;
  readonly busyMs: number;
}

export interface ClaimOptions {
  readonly limit: number;
  /** Claims items of this job only. */
  readonly jobId?: string | undefined;
  /** The model as the worker was asked for it: an id, a short name or a folder. */
  readonly modelName: string;
}

/**
 * Claims the next items: of the job with the highest priority, then of the oldest one, in the order of the source. Jobs
 * without a model are pinned to this one; those of another model are left to other workers.
 */
export async function claimItems(
  database: JobDatabase,
  worker: string,
  model: PinnedModel,
  { limit, jobId, modelName }: ClaimOptions,
): Promise<Claim[]> {
  const { db } = database;
  const now = database.now();
  let jobs = db
    .selectFrom('job')
    .selectAll()
    .where('state', '=', 'active')
    .where('hold_until', '<=', now)
    .orderBy('priority', 'desc')
    .orderBy('created_at')
    .limit(CLAIM_JOBS);
  if (jobId !== undefined) jobs = jobs.where('id', '=', jobId);
  const claims: Claim[] = [];
  for (const job of await jobs.execute()) {
    if (!isForModel(job, model, modelName)) continue;
    claims.push(...(await claimOfJob(database, job, worker, model, limit - claims.length)));
    if (claims.length >= limit) break;
  }
  return claims;
}

function isForModel(job: JobRow, model: PinnedModel, modelName: string): boolean {
  if (job.model !== null) {
    const pinned = JSON.parse(job.model) as PinnedModel;
    return (
      pinned.id === model.id &&
      pinned.revision === model.revision &&
      pinned.precision === model.precision
    );
  }
  return job.model_name === null || [model.id, modelName].includes(job.model_name);
}

async function claimOfJob(
  database: JobDatabase,
  job: JobRow,
  worker: string,
  model: PinnedModel,
  limit: number,
): Promise<Claim[]> {
  const { db, kind } = database;
  // A pilot has run_after < 0, and nothing else is claimed before its items are chosen and done.
  if (job.pilot_state === 'pending') return [];
  const now = database.now();
  const latest = job.pilot_state === 'running' ? -1 : now;
  return await db.transaction().execute(async (trx) => {
    const rows = await trx
      .updateTable('item')
      .set((eb) => ({
        state: 'active' as const,
        epoch: eb('epoch', '+', 1),
        attempts: eb('attempts', '+', 1),
        lease_until: now + LEASE_MS,
        worker,
      }))
      .where('id', 'in', (eb) => {
        const next = eb
          .selectFrom('item')
          .select('id')
          .where('job_id', '=', job.id)
          .where('state', '=', sql.lit('queued'))
          .where('run_after', '<=', latest)
          .orderBy('run_after')
          .orderBy('position')
          .limit(limit);
        return kind === 'postgres' ? next.forUpdate().skipLocked() : next;
      })
      .returningAll()
      .execute();
    if (rows.length === 0) return [];
    await addCounts(trx, job.id, { queued: -rows.length, active: rows.length });
    if (job.started_at === 0 || job.model === null) {
      const { numUpdatedRows } = await trx
        .updateTable('job')
        .set({ model: JSON.stringify(model), started_at: now })
        .where('id', '=', job.id)
        .where('started_at', '=', 0)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await addEvent(trx, database, job.id, 'started', { ...model });
    }
    const recipe = JSON.parse(job.recipe) as Recipe;
    return rows
      .map((row) => ({
        id: row.id,
        jobId: row.job_id,
        epoch: row.epoch,
        attempts: row.attempts,
        identifier: row.identifier,
        location: JSON.parse(row.location) as ItemLocation,
        record: JSON.parse(row.record) as Record<string, string>,
        recipe,
        position: row.position,
      }))
      .sort((a, b) => a.position - b.position);
  });
}

/**
 * Stores results in one transaction: the states of the items, their texts, and the counts.
 *
 * @returns the claims whose lease was lost: their results are dropped, because another worker has the item.
 */
export async function finishItems(
  database: JobDatabase,
  finished: readonly { readonly claim: Claim; readonly outcome: ItemOutcome }[],
): Promise<Claim[]> {
  return await database.db.transaction().execute(async (trx) => {
    const held = await markDone(trx, database.now(), finished);
    const stored = finished.filter(({ claim }) => held.has(claim.id));
    await storeTexts(trx, stored);
    const changes = new Map<string, Partial<JobCounts>>();
    for (const { claim, outcome } of stored) {
      add(changes, claim.jobId, {
        active: -1,
        done: 1,
        reused: outcome.isReused ? 1 : 0,
        busy_ms: Math.round(outcome.busyMs),
      });
    }
    await addAllCounts(trx, changes);
    return finished.flatMap(({ claim }) => (held.has(claim.id) ? [] : [claim]));
  });
}

/** Marks the items whose lease is still held, in one statement. @returns their ids. */
async function markDone(
  trx: Transaction<Tables>,
  now: number,
  finished: Parameters<typeof finishItems>[1],
): Promise<ReadonlySet<number>> {
  const rows = finished.map(({ claim, outcome }) => {
    const report = JSON.stringify({ ...outcome.report, reused: outcome.isReused });
    const { sha256, size, modifiedAt, fingerprint } = outcome;
    return sql`(${claim.id}, ${claim.epoch}, ${sha256}, ${size}, ${modifiedAt}, ${fingerprint}, ${report})`;
  });
  // PostgreSQL takes parameters in VALUES for text, hence the casts.
  const { rows: held } = await sql<{ id: number }>`
    with outcome_of (id, epoch, sha256, size, modified_at, fingerprint, outcome) as (values ${sql.join(rows)})
    update item set state = 'done', error_code = '', error = '', finished_at = ${now}, sha256 = outcome_of.sha256,
      size = cast(outcome_of.size as bigint), modified_at = cast(outcome_of.modified_at as bigint),
      fingerprint = outcome_of.fingerprint, outcome = outcome_of.outcome
    from outcome_of
    where item.id = cast(outcome_of.id as bigint) and item.epoch = cast(outcome_of.epoch as bigint)
      and item.state = 'active'
    returning item.id as id`.execute(trx);
  return new Set(held.map(({ id }) => id));
}

async function storeTexts(
  trx: Transaction<Tables>,
  stored: Parameters<typeof finishItems>[1],
): Promise<void> {
  if (stored.length === 0) return;
  const ids = stored.map(({ claim }) => claim.id);
  // Of an earlier run of the items.
  await trx.deleteFrom('result').where('item_id', 'in', ids).execute();
  const rows = stored.flatMap(({ claim, outcome }) =>
    outcome.texts.map(({ language, kind, segment, text, finishReason }, number) => ({
      item_id: claim.id,
      number,
      language,
      kind,
      start_seconds: segment?.startSeconds ?? null,
      end_seconds: segment?.endSeconds ?? null,
      // PostgreSQL does not store the character U+0000 in a text.
      text: text.replaceAll('\0', '\ufffd'),
      finish_reason: finishReason,
    })),
  );
  for (let start = 0; start < rows.length; start += INSERT_ROWS) {
    await trx
      .insertInto('result')
      .values(rows.slice(start, start + INSERT_ROWS))
      .execute();
  }
}

/**
 * Puts an item whose attempt failed back into the queue, or makes it a dead letter.
 *
 * @param next `dead`, or the delay until the next attempt in milliseconds. The last attempt is followed by `dead`.
 * @returns whether the lease was still held.
 */
export async function failItem(
  database: JobDatabase,
  claim: Claim,
  error: { readonly code: string; readonly message: string },
  next: 'dead' | { readonly delayMs: number },
): Promise<boolean> {
  const isDead = next === 'dead' || claim.attempts >= MAX_ATTEMPTS;
  return await database.db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('item')
      .set({
        state: isDead ? 'dead' : 'queued',
        // A dead letter of a pilot stays part of it.
        ...(next !== 'dead' && !isDead && { run_after: database.now() + next.delayMs }),
        error_code: error.code,
        error: error.message,
        ...(isDead && { finished_at: database.now() }),
      })
      .where('id', '=', claim.id)
      .where('epoch', '=', claim.epoch)
      .where('state', '=', 'active')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await addCounts(trx, claim.jobId, { active: -1, [isDead ? 'dead' : 'queued']: 1 });
    return true;
  });
}

/** Gives claims back without counting the attempt: the worker ends, or the machine must be mended first. */
export async function releaseItems(database: JobDatabase, claims: readonly Claim[]): Promise<void> {
  if (claims.length === 0) return;
  await database.db.transaction().execute(async (trx) => {
    const changes = new Map<string, Partial<JobCounts>>();
    for (const claim of claims) {
      const { numUpdatedRows } = await trx
        .updateTable('item')
        .set((eb) => ({ state: 'queued' as const, attempts: eb('attempts', '-', 1) }))
        .where('id', '=', claim.id)
        .where('epoch', '=', claim.epoch)
        .where('state', '=', 'active')
        .executeTakeFirst();
      if (numUpdatedRows > 0n) add(changes, claim.jobId, { active: -1, queued: 1 });
    }
    await addAllCounts(trx, changes);
  });
}

/** Extends leases. @returns the claims that are lost. */
export async function renewLeases(
  database: JobDatabase,
  claims: readonly Claim[],
): Promise<Claim[]> {
  if (claims.length === 0) return [];
  const { db } = database;
  const rows = await db
    .updateTable('item')
    .set({ lease_until: database.now() + LEASE_MS })
    .where('state', '=', 'active')
    .where((eb) =>
      eb.or(claims.map(({ id, epoch }) => eb.and([eb('id', '=', id), eb('epoch', '=', epoch)]))),
    )
    .returning('id')
    .execute();
  const kept = new Set(rows.map(({ id }) => id));
  return claims.filter(({ id }) => !kept.has(id));
}

/**
 * Returns the items of dead workers to the queue. An item that was lost MAX_ATTEMPTS times becomes a dead letter: it
 * ends its workers.
 *
 * Times further ahead than any this program writes come from a clock that was set back since; they are corrected.
 *
 * @returns the number of items.
 */
export async function expireLeases(database: JobDatabase): Promise<number> {
  const { db, kind } = database;
  const now = database.now();
  return await db.transaction().execute(async (trx) => {
    let expired = trx
      .selectFrom('item')
      .select(['id', 'job_id', 'attempts', 'run_after'])
      .where('state', '=', sql.lit('active'))
      .where((eb) =>
        eb.or([eb('lease_until', '<', now), eb('lease_until', '>', now + 2 * LEASE_MS)]),
      )
      .limit(EXPIRE_ROWS);
    if (kind === 'postgres') expired = expired.forUpdate().skipLocked();
    const rows = await expired.execute();
    const changes = new Map<string, Partial<JobCounts>>();
    for (const { id, job_id, attempts, run_after } of rows) {
      const isDead = attempts >= MAX_ATTEMPTS;
      await trx
        .updateTable('item')
        .set(
          isDead
            ? {
                state: 'dead',
                error_code: 'WORKER_LOST',
                error: `Its worker was lost ${attempts} times. The file may exhaust the memory of the machine.`,
                finished_at: now,
              }
            : {
                state: 'queued',
                // Items of a pilot stay in it. Others wait the longer, the more often they were lost.
                run_after: run_after < 0 || attempts < 2 ? run_after : now + backoffMs(attempts),
              },
        )
        .where('id', '=', id)
        .execute();
      add(changes, job_id, { active: -1, [isDead ? 'dead' : 'queued']: 1 });
    }
    await addAllCounts(trx, changes);
    return rows.length;
  });
}

function add(
  changes: Map<string, Partial<JobCounts>>,
  jobId: string,
  change: Partial<JobCounts>,
): void {
  const sum: Partial<JobCounts> = { ...changes.get(jobId) };
  for (const [name, value] of Object.entries(change) as [keyof JobCounts, number][]) {
    sum[name] = (sum[name] ?? 0) + value;
  }
  changes.set(jobId, sum);
}

/** In a fixed order, so that two workers do not wait for each other's rows. */
async function addAllCounts(
  trx: Transaction<Tables>,
  changes: ReadonlyMap<string, Partial<JobCounts>>,
): Promise<void> {
  for (const [jobId, change] of [...changes].sort(byKey)) await addCounts(trx, jobId, change);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
