import { type Expression, type ExpressionBuilder, sql, type SqlBool } from 'kysely';

import type { Receipt } from '../engine/receipts/receipt.js';
import type { JobDatabase } from './database/job-database.js';
import type { JobKind, JobRow, Tables } from './database/tables.js';
import { MAX_HOLD_MS } from './failure-policy.js';
import { addCounts } from './job-counts.js';
import { addEvent } from './job-events.js';
import type { ItemOptions, PinnedModel, Recipe } from './recipe.js';
import type { ItemLocation } from './sources/source.js';

/** Milliseconds that a claim is valid without a renewal. A worker renews it three times as often. */
export const LEASE_MS = 60_000;
/** Jobs that one claim looks at. */
const CLAIM_JOBS = 20;
/** Losses after which an item is suspected of ending its workers. */
const SUSPECT_LOSSES = 2;
/** The error code of items whose worker was lost. */
export const WORKER_LOST = 'WORKER_LOST';

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
  /** `null` for the line of a batch. */
  readonly recipe: Recipe | null;
  /** Suspected of ending its workers: no other item may be in work beside it, which would be lost with it. */
  readonly isSuspect: boolean;
}

/** One text of an item. */
export interface ItemText {
  readonly language: string;
  readonly kind: string;
  /** Of a segment of a video; undefined for a text about the whole. */
  readonly segment?: { readonly startSeconds: number; readonly endSeconds: number };
  readonly text: string;
  readonly finishReason: string;
  /** Until it is stored; then it is in the report of the item. */
  readonly receipt?: Receipt | undefined;
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
  /** Kinds of jobs that the worker can do. Default: archive jobs. */
  readonly kinds?: readonly JobKind[] | undefined;
  /** Claims items of this job only. */
  readonly jobId?: string | undefined;
  /** The model as the worker was asked for it: an id, a short name or a folder. */
  readonly modelName: string;
  /** Whether the worker has nothing in work: only then it may take an item that is suspected, and takes it alone. */
  readonly isIdle: boolean;
  /** Milliseconds without a renewal. Default: LEASE_MS. */
  readonly leaseMs?: number | undefined;
}

/**
 * Claims the next items: of the job with the highest priority, then of the oldest one, in the order of the source. Jobs
 * without a model are pinned to this one; those of another model are left to other workers.
 */
export async function claimItems(
  database: JobDatabase,
  worker: string,
  model: PinnedModel,
  options: ClaimOptions,
): Promise<Claim[]> {
  const { limit, isIdle } = options;
  const claims: Claim[] = [];
  for (const job of await findJobs(database, model, options)) {
    const { leaseMs = LEASE_MS } = options;
    const next = { job, worker, model, leaseMs };
    const ofJob = await claimOfJob(database, next, limit - claims.length, 'unsuspected');
    claims.push(...ofJob);
    if (claims.length >= limit) break;
    if (ofJob.length > 0) continue;
    if (isIdle && claims.length === 0) {
      const suspect = await claimOfJob(database, next, 1, 'suspected');
      if (suspect.length > 0) return suspect;
    } else if (await hasSuspect(database, job)) {
      // Jobs behind this one do not go first: its last items would wait until nothing else is left.
      break;
    }
  }
  return claims;
}

/** The jobs that have an item for this worker. */
async function findJobs(
  database: JobDatabase,
  model: PinnedModel,
  { jobId, modelName, kinds = ['archive'] }: ClaimOptions,
): Promise<JobRow[]> {
  const now = database.now();
  let jobs = database.db
    .selectFrom('job')
    .selectAll()
    .where('state', '=', 'active')
    .where('kind', 'in', kinds)
    // A batch with an invalid line does nothing, so all lines are read first.
    .where((eb) => eb.or([eb('kind', '!=', 'batch'), eb('listed_at', '>', 0)]))
    .where((eb) => isNotHeld(eb, now))
    .where((eb) =>
      eb.or([
        eb('model', '=', modelJson(model)),
        eb.and([
          eb('model', 'is', null),
          eb.or([eb('model_name', 'is', null), eb('model_name', 'in', [model.id, modelName])]),
        ]),
      ]),
    )
    // A pilot has run_after < 0, and nothing else is claimed before its items are chosen and done.
    .where('pilot_state', '!=', 'pending')
    .where(
      sql<SqlBool>`exists (select 1 from item where item.job_id = job.id and item.state = 'queued'
        and item.run_after <= case when job.pilot_state = 'running' then -1 else cast(${now} as bigint) end)`,
    )
    .orderBy('priority', 'desc')
    .orderBy('created_at')
    .limit(CLAIM_JOBS);
  if (jobId !== undefined) jobs = jobs.where('id', '=', jobId);
  return await jobs.execute();
}

/** A time too far ahead comes from a clock that was set back since. */
export function isNotHeld(eb: ExpressionBuilder<Tables, 'job'>, now: number): Expression<SqlBool> {
  return eb.or([eb('hold_until', '<=', now), eb('hold_until', '>', now + 2 * MAX_HOLD_MS)]);
}

/** As it is stored; the same model gives the same text. */
function modelJson({ id, revision, precision }: PinnedModel): string {
  return JSON.stringify({ id, revision, precision });
}

interface NextClaim {
  readonly job: JobRow;
  readonly worker: string;
  readonly model: PinnedModel;
  readonly leaseMs: number;
}

const SUSPICION = {
  suspected: sql<SqlBool>`attempts >= ${sql.lit(SUSPECT_LOSSES)} and error_code = ${sql.lit(WORKER_LOST)}`,
  unsuspected: sql<SqlBool>`(attempts < ${sql.lit(SUSPECT_LOSSES)} or error_code <> ${sql.lit(WORKER_LOST)})`,
};

async function claimOfJob(
  database: JobDatabase,
  { job, worker, model, leaseMs }: NextClaim,
  limit: number,
  which: keyof typeof SUSPICION,
): Promise<Claim[]> {
  const { db, kind } = database;
  const now = database.now();
  return await db.transaction().execute(async (trx) => {
    const rows = await trx
      .updateTable('item')
      .set((eb) => ({
        state: 'active' as const,
        epoch: eb('epoch', '+', 1),
        attempts: eb('attempts', '+', 1),
        lease_until: now + leaseMs,
        worker,
      }))
      .where('id', 'in', (eb) => {
        const next = eb
          .selectFrom('item')
          .select('id')
          .where('job_id', '=', job.id)
          .where('state', '=', sql.lit('queued'))
          .where('run_after', '<=', latestRunAfter(job, now))
          .where(SUSPICION[which])
          .orderBy('run_after')
          .orderBy('position')
          .limit(limit);
        return kind === 'postgres' ? next.forUpdate().skipLocked() : next;
      })
      .returningAll()
      .execute();
    if (rows.length === 0) return [];
    if (job.started_at === 0 || job.model === null) {
      const { numUpdatedRows } = await trx
        .updateTable('job')
        .set({ model: modelJson(model), started_at: now })
        .where('id', '=', job.id)
        .where('started_at', '=', 0)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await addEvent(trx, database, job.id, 'started', { ...model });
    }
    // Behind the row of the job: all transactions lock the rows in the order items, job, counts.
    await addCounts(trx, job.id, { queued: -rows.length, active: rows.length });
    const recipe = JSON.parse(job.recipe) as Recipe | null;
    return rows
      .map((row) => ({
        id: row.id,
        jobId: row.job_id,
        epoch: row.epoch,
        attempts: row.attempts,
        identifier: row.identifier,
        location: JSON.parse(row.location) as ItemLocation,
        record: JSON.parse(row.record) as Record<string, string>,
        recipe: recipe && { ...recipe, ...parseOptions(row.options) },
        isSuspect: which === 'suspected',
        position: row.position,
      }))
      .sort((a, b) => a.position - b.position);
  });
}

function parseOptions(options: string): ItemOptions {
  return options === '' ? {} : (JSON.parse(options) as ItemOptions);
}

function latestRunAfter(job: JobRow, now: number): number {
  return job.pilot_state === 'running' ? -1 : now;
}

async function hasSuspect(database: JobDatabase, job: JobRow): Promise<boolean> {
  const suspect = await database.db
    .selectFrom('item')
    .select('id')
    .where('job_id', '=', job.id)
    .where('state', '=', sql.lit('queued'))
    .where('run_after', '<=', latestRunAfter(job, database.now()))
    .where(SUSPICION.suspected)
    .limit(1)
    .executeTakeFirst();
  return suspect !== undefined;
}
