import type { Transaction } from 'kysely';

import type { JobDatabase } from './database/job-database.js';
import type { EventRow, Tables } from './database/tables.js';

/** A change of a job, for event streams and webhooks. */
export type JobEventType =
  | 'created'
  | 'listed'
  | 'started'
  | 'pilot-done'
  | 'paused'
  | 'held'
  | 'resumed'
  | 'retried'
  | 'cancelled'
  | 'done';

/** Stores a change of a job in the transaction of the change. */
export async function addEvent(
  trx: Transaction<Tables>,
  database: JobDatabase,
  jobId: string,
  type: JobEventType,
  data: object,
): Promise<void> {
  await trx
    .insertInto('event')
    .values({ job_id: jobId, type, data: JSON.stringify(data), created_at: database.now() })
    .execute();
}

/** Events of a job in their order. @param after number of the last event that the client has. */
export async function listEvents(
  database: JobDatabase,
  id: string,
  after: number,
): Promise<EventRow[]> {
  return await database.db
    .selectFrom('event')
    .selectAll()
    .where('job_id', '=', id)
    .where('id', '>', after)
    .orderBy('id')
    .execute();
}
