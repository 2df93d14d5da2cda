import type { Transaction } from 'kysely';

import type { JobDatabase } from '../database/job-database.js';
import type { DeliveryRow, JobRow, Tables, WebhookEvent } from '../database/tables.js';
import { countsOf, NO_COUNTS } from '../job-counts.js';

/**
 * Stores the message of a webhook in the transaction of the change that it tells, if the job has a webhook. A job that
 * ends without a single text has failed.
 */
export async function notify(
  trx: Transaction<Tables>,
  database: JobDatabase,
  jobId: string,
  change: WebhookEvent,
): Promise<void> {
  const job = await trx
    .selectFrom('job')
    .innerJoin('webhook', 'webhook.job_id', 'job.id')
    .selectAll('job')
    .where('job.id', '=', jobId)
    .executeTakeFirst();
  if (!job) return;
  const counts = (await countsOf({ ...database, db: trx }, [jobId])).get(jobId) ?? NO_COUNTS;
  const isFailure = change === 'job.completed' && counts.done === 0 && counts.dead > 0;
  const now = database.now();
  const snapshot: JobSnapshot = { row: job, counts };
  await trx
    .insertInto('delivery')
    .values({
      job_id: jobId,
      type: isFailure ? 'job.failed' : change,
      job: JSON.stringify(snapshot),
      created_at: now,
      next_at: now,
    })
    .execute();
}

/** The job as it was at the change. */
export interface JobSnapshot {
  readonly row: JobRow;
  readonly counts: typeof NO_COUNTS;
}

/** The webhook of a job, and its messages that have not arrived. */
export interface WebhookState {
  readonly url: string;
  /** Messages that are tried again. */
  readonly pending: number;
  /** Messages that were given up. */
  readonly failed: number;
  /** Of the last attempt that failed; empty without one. */
  readonly lastError: string;
}

/** @returns undefined for a job without webhook. */
export async function webhookState(
  { db }: Pick<JobDatabase, 'db'>,
  jobId: string,
): Promise<WebhookState | undefined> {
  const webhook = await db
    .selectFrom('webhook')
    .select('url')
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  if (!webhook) return undefined;
  const rows: Pick<DeliveryRow, 'ended_at' | 'error'>[] = await db
    .selectFrom('delivery')
    .select(['ended_at', 'error'])
    .where('job_id', '=', jobId)
    .where((eb) => eb.or([eb('ended_at', '=', 0), eb('error', '!=', '')]))
    .orderBy('id')
    .execute();
  const pending = rows.filter(({ ended_at }) => ended_at === 0).length;
  const lastError = rows.findLast(({ error }) => error !== '')?.error ?? '';
  return { url: webhook.url, pending, failed: rows.length - pending, lastError };
}
