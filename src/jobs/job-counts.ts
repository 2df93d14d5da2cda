import { sql, type Transaction } from 'kysely';

import type { JobDatabase } from './database/job-database.js';
import type { JobCounts, Tables } from './database/tables.js';

/** Counters of a job are in this many rows at most; see `job_counter`. */
const COUNTER_SHARDS = 32;

/** Adds to the counts of a job, in the row of this process. */
export async function addCounts(
  trx: Transaction<Tables>,
  jobId: string,
  changes: Partial<JobCounts>,
): Promise<void> {
  const values = { ...NO_COUNTS, ...changes };
  await trx
    .insertInto('job_counter')
    .values({ job_id: jobId, shard: process.pid % COUNTER_SHARDS, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(['job_id', 'shard'])
        .doUpdateSet((eb) =>
          Object.fromEntries(
            COUNT_NAMES.map((name) => [
              name,
              eb(eb.ref(`job_counter.${name}`), '+', eb.ref(`excluded.${name}`)),
            ]),
          ),
        ),
    )
    .execute();
}

export const NO_COUNTS: JobCounts = {
  queued: 0,
  active: 0,
  done: 0,
  dead: 0,
  reused: 0,
  skipped: 0,
  busy_ms: 0,
};
const COUNT_NAMES = Object.keys(NO_COUNTS) as (keyof JobCounts)[];

/** The counts of jobs, by id. */
export async function countsOf(
  { db }: JobDatabase,
  ids: readonly string[],
): Promise<ReadonlyMap<string, JobCounts>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('job_counter')
    .select(['job_id', ...COUNT_NAMES.map((name) => sql<number>`sum(${sql.ref(name)})`.as(name))])
    .where('job_id', 'in', ids)
    .groupBy('job_id')
    .execute();
  return new Map(rows.map(({ job_id, ...counts }) => [job_id, counts]));
}

/** The number of entries of a job's source that are no items. */
export async function countSkipped(trx: Transaction<Tables>, jobId: string): Promise<number> {
  const { skipped } = await trx
    .selectFrom('job_counter')
    .select(sql<number>`coalesce(sum(skipped), 0)`.as('skipped'))
    .where('job_id', '=', jobId)
    .executeTakeFirstOrThrow();
  return skipped;
}

/** Adds a change to those of several jobs. */
export function sumChange(
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
export async function addAllCounts(
  trx: Transaction<Tables>,
  changes: ReadonlyMap<string, Partial<JobCounts>>,
): Promise<void> {
  for (const [jobId, change] of [...changes].sort(byKey)) await addCounts(trx, jobId, change);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
