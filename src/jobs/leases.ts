import { sql } from 'kysely';

import { type Claim, LEASE_MS, WORKER_LOST } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import type { JobCounts } from './database/tables.js';
import { backoffMs, MAX_ATTEMPTS } from './failure-policy.js';
import { addAllCounts, sumChange } from './job-counts.js';

/** Expired leases that are returned to the queue in one transaction. */
const EXPIRE_ROWS = 500;

/** Extends leases. @returns the claims that are lost. */
export async function renewLeases(
  { db, kind, now }: JobDatabase,
  claims: readonly Claim[],
  leaseMs = LEASE_MS,
): Promise<Claim[]> {
  if (claims.length === 0) return [];
  const rows = await db
    .updateTable('item')
    .set({ lease_until: now() + leaseMs })
    .where('id', 'in', (eb) => {
      const held = eb
        .selectFrom('item')
        .select('id')
        .where('state', '=', sql.lit('active'))
        .where((item) =>
          item.or(
            claims.map(({ id, epoch }) =>
              item.and([item('id', '=', id), item('epoch', '=', epoch)]),
            ),
          ),
        )
        .orderBy('id');
      return kind === 'postgres' ? held.forUpdate() : held;
    })
    .returning('id')
    .execute();
  const kept = new Set(rows.map(({ id }) => id));
  return claims.filter(({ id }) => !kept.has(id));
}

/**
 * Returns the items of dead workers to the queue. One that was lost SUSPECT_LOSSES times is claimed alone from then on,
 * and after MAX_ATTEMPTS it becomes a dead letter: it ends its workers.
 *
 * Times further ahead than any this program writes come from a clock that was set back since; they are corrected.
 *
 * @returns the number of items.
 */
export async function expireLeases(database: JobDatabase): Promise<number> {
  const { db, kind } = database;
  const now = database.now();
  const isExpired = sql<boolean>`state = 'active' and (lease_until < ${now} or lease_until > ${now + 2 * LEASE_MS})`;
  // Without a transaction first: mostly there is none, and a transaction of SQLite waits for the write lock.
  const first = await db.selectFrom('item').select('id').where(isExpired).limit(1).execute();
  if (first.length === 0) return 0;
  return await db.transaction().execute(async (trx) => {
    let expired = trx
      .selectFrom('item')
      .select(['id', 'job_id', 'attempts', 'run_after'])
      .where(isExpired)
      .orderBy('id')
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
                error_code: WORKER_LOST,
                error: `Its worker was lost ${attempts} times. The file may exhaust the memory of the machine.`,
                finished_at: now,
              }
            : {
                state: 'queued',
                error_code: WORKER_LOST,
                error: '',
                // Items of a pilot stay in it. Others wait the longer, the more often they were lost.
                run_after: run_after < 0 || attempts < 2 ? run_after : now + backoffMs(attempts),
              },
        )
        .where('id', '=', id)
        .execute();
      sumChange(changes, job_id, { active: -1, [isDead ? 'dead' : 'queued']: 1 });
    }
    await addAllCounts(trx, changes);
    return rows.length;
  });
}
