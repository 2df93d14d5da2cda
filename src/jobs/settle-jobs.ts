import { sql, type Transaction } from 'kysely';

import type { JobDatabase } from './database/job-database.js';
import type { JobRow, Tables, WebhookEvent } from './database/tables.js';
import { MAX_DELAY_MS } from './failure-policy.js';
import { addEvent, type JobEventType } from './job-events.js';
import { lockJob } from './jobs.js';
import { notify } from './webhooks/outbox.js';

/** Why a job is paused after its pilot. */
const PILOT_REASON = 'The pilot is done. Resume the job to go on with the other items.';

/**
 * Ends the jobs whose items are all done or dead, and pauses those whose pilot is. Every worker calls it now and then;
 * each change happens once.
 */
export async function settleJobs(database: JobDatabase): Promise<void> {
  const jobs = await database.db
    .selectFrom('job')
    .selectAll()
    .where('state', 'in', ['active', 'cancelling'])
    .execute();
  for (const job of jobs) {
    await correctWaitingTimes(database, job.id);
    // Without a transaction first: most jobs have items, and a transaction waits for the write lock.
    if (!(await nextState(database.db, database, job))) continue;
    await database.db.transaction().execute(async (trx) => {
      const locked = await lockJob(trx, database, job.id);
      const next = locked && (await nextState(trx, database, locked));
      if (!next) return;
      await trx.updateTable('job').set(next.values).where('id', '=', job.id).execute();
      if (next.event) await addEvent(trx, database, job.id, next.event, {});
      await notify(trx, database, job.id, next.webhook);
    });
  }
}

interface NextState {
  readonly values: Partial<JobRow>;
  readonly event?: JobEventType;
  readonly webhook: WebhookEvent;
}

async function nextState(
  db: Transaction<Tables> | JobDatabase['db'],
  { now }: JobDatabase,
  job: JobRow,
): Promise<NextState | undefined> {
  const { isActive, isQueued, isPilotQueued } = await findOpenItems(db, job.id);
  if (isActive) return undefined;
  if (job.state === 'cancelling') {
    return { values: { state: 'cancelled', finished_at: now() }, webhook: 'job.cancelled' };
  }
  if (job.state !== 'active' || job.listed_at === 0) return undefined;
  if (!isQueued) {
    const pilot = job.pilot_state === 'none' ? {} : { pilot_state: 'done' as const };
    const values = { ...pilot, state: 'done', finished_at: now() } as const;
    return { values, event: 'done', webhook: 'job.completed' };
  }
  if (job.pilot_state === 'running' && !isPilotQueued) {
    const values = { state: 'paused', pilot_state: 'done', pause_reason: PILOT_REASON } as const;
    return { values, event: 'pilot-done', webhook: 'job.pilot.done' };
  }
  return undefined;
}

/** Which items a job still has, in one statement: an item that changes its state meanwhile is in one of them. */
async function findOpenItems(
  db: Transaction<Tables> | JobDatabase['db'],
  jobId: string,
): Promise<{ isActive: boolean; isQueued: boolean; isPilotQueued: boolean }> {
  // Literals, so that the planner uses the partial indexes.
  const { rows } = await sql<{ active: number; queued: number; pilot: number }>`select
    exists (select 1 from item where job_id = ${jobId} and state = 'active') as active,
    exists (select 1 from item where job_id = ${jobId} and state = 'queued') as queued,
    exists (select 1 from item where job_id = ${jobId} and state = 'queued' and run_after < 0) as pilot`.execute(
    db,
  );
  const [row] = rows;
  return {
    isActive: Boolean(row?.active),
    isQueued: Boolean(row?.queued),
    isPilotQueued: Boolean(row?.pilot),
  };
}

/** Corrects waiting times that lie too far ahead, because the clock was set back since. */
async function correctWaitingTimes(database: JobDatabase, jobId: string): Promise<void> {
  const now = database.now();
  await database.db
    .updateTable('item')
    .set({ run_after: now })
    .where('job_id', '=', jobId)
    .where('state', '=', sql.lit('queued'))
    .where('run_after', '>', now + 2 * MAX_DELAY_MS)
    .execute();
}
