import type { JobDatabase } from '../../jobs/database/job-database.js';
import { jobJson } from '../../jobs/job-json.js';
import { countFailures, pilotResult, progressOf } from '../../jobs/job-progress.js';
import type { Job, JobRequest } from '../../jobs/jobs.js';
import { webhookState, type WebhookState } from '../../jobs/webhooks/outbox.js';
import type { JobRequestDto } from './job-request.js';

/** A job with all that is known of it, with the field names of the HTTP API. */
export async function describeJob(database: JobDatabase, job: Job): Promise<object> {
  const [progress, failures, pilot] = [
    await progressOf(database, job),
    await countFailures(database, job.id),
    await pilotResult(database, job),
  ];
  const webhook = await webhookState(database, job.id);
  return {
    ...jobJson(job, progress),
    failures,
    pilot_result: pilot ?? null,
    webhook: webhook ? webhookJson(webhook) : null,
  };
}

/** The secret that this request made for its webhook, which is not shown again. */
export async function newSecret(
  { db }: JobDatabase,
  jobId: string,
  body: JobRequestDto,
  { webhook }: JobRequest,
): Promise<string | undefined> {
  if (webhook === undefined || body.webhook?.secret !== undefined) return undefined;
  const stored = await db
    .selectFrom('webhook')
    .select('secret')
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  // Of an earlier request with the same idempotency key, it is another one.
  return stored?.secret === webhook.secret ? webhook.secret : undefined;
}

function webhookJson({ url, pending, failed, lastError }: WebhookState): object {
  return { url, pending, failed, last_error: lastError || null };
}
