import { sql } from 'kysely';

import type { JobDatabase } from './database/job-database.js';
import type { Job } from './jobs.js';

/** Milliseconds over which the rate is measured: long enough for clips of minutes. */
const RATE_WINDOW_MS = 600_000;
/** Newest items that are looked at. Counting all of the window would take the longer, the faster the job is. */
const RATE_ITEMS = 1_000;
const HOUR_MS = 3_600_000;

/** How far a job is, and how fast. */
export interface JobProgress {
  /** Items that were found so far; all, once the source is listed. */
  readonly total: number;
  /** Done or dead. */
  readonly ended: number;
  /** Items per hour in the last ten minutes; `null` before the first one. */
  readonly perHour: number | null;
  /** Until the last item at this rate; `null` if unknown, or while the source is being listed. */
  readonly secondsLeft: number | null;
}

/** Numbers of dead letters by error code, the most frequent first. */
export interface FailureCount {
  readonly code: string;
  readonly items: number;
}

export async function progressOf(database: JobDatabase, job: Job): Promise<JobProgress> {
  const { queued, active, done, dead } = job.counts;
  const total = queued + active + done + dead;
  const perHour = await measureRate(database, job);
  const left = queued + active;
  const isKnown = perHour !== null && perHour > 0 && job.listed_at > 0;
  return {
    total,
    ended: done + dead,
    perHour,
    secondsLeft: left === 0 ? 0 : isKnown ? (left / perHour) * (HOUR_MS / 1_000) : null,
  };
}

/** From the first to the last item of the newest ones, so that pauses before and after do not count. */
async function measureRate(
  { db, now }: JobDatabase,
  { id, started_at, state }: Job,
): Promise<number | null> {
  if (started_at === 0) return null;
  const newest = await db
    .selectFrom('item')
    .select('finished_at')
    .where('job_id', '=', id)
    .where('state', '=', sql.lit('done'))
    .orderBy('finished_at', 'desc')
    .limit(RATE_ITEMS)
    .execute();
  const [latest] = newest;
  if (!latest) return null;
  const end = state === 'active' ? Math.max(latest.finished_at, now()) : latest.finished_at;
  const windowStart = Math.max(started_at, end - RATE_WINDOW_MS);
  const inWindow = newest.filter(({ finished_at }) => finished_at > windowStart);
  // A fast job fills the sample in less than the window.
  const start =
    inWindow.length < RATE_ITEMS ? windowStart : (inWindow.at(-1)?.finished_at ?? windowStart);
  return (inWindow.length / Math.max(1, end - start)) * HOUR_MS;
}

export async function countFailures(
  { db }: Pick<JobDatabase, 'db'>,
  jobId: string,
): Promise<FailureCount[]> {
  const rows = await db
    .selectFrom('item')
    .select(['error_code', ({ fn }) => fn.countAll<number>().as('items')])
    .where('job_id', '=', jobId)
    .where('state', '=', sql.lit('dead'))
    .groupBy('error_code')
    .execute();
  return rows
    .map(({ error_code, items }) => ({ code: error_code, items }))
    .sort((a, b) => b.items - a.items);
}

/** What the pilot of a job cost. */
export interface PilotResult {
  readonly items: number;
  readonly failed: number;
  /** From the first claim to the last result. */
  readonly seconds: number;
}

/** @returns undefined for a job whose pilot is not done. */
export async function pilotResult(
  { db }: Pick<JobDatabase, 'db'>,
  job: Job,
): Promise<PilotResult | undefined> {
  if (job.pilot === 0 || job.pilot_state !== 'done') return undefined;
  const row = await db
    .selectFrom('item')
    .select(({ fn }) => [
      fn.countAll<number>().as('items'),
      fn.coalesce(fn.max('finished_at'), sql.lit(0)).as('end'),
      sql<number>`coalesce(sum(case when state = 'dead' then 1 else 0 end), 0)`.as('failed'),
    ])
    .where('job_id', '=', job.id)
    .where('run_after', '<', sql.lit(0))
    .where('finished_at', '>', 0)
    .executeTakeFirstOrThrow();
  const seconds = Math.max(0, row.end - job.started_at) / 1_000;
  return { items: row.items, failed: row.failed, seconds };
}
