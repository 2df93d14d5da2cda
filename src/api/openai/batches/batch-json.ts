import { listSkipped } from '../../../jobs/jobs.js';
import { type Batch, endOf, statusOf } from '../../../jobs/batches.js';
import type { JobDatabase } from '../../../jobs/database/job-database.js';
import type { SkippedRow } from '../../../jobs/database/tables.js';

/** Faults that a batch lists. */
const MAX_FAULTS = 1_000;

/** OpenAI's batch object. Times are Unix seconds. */
export async function batchJson(database: JobDatabase, batch: Batch): Promise<object> {
  const { job, row } = batch;
  const status = statusOf(batch);
  const end = row.ended_at > 0 || status === 'failed' ? endOf(batch) : undefined;
  const isFailed = status === 'failed';
  const faults = isFailed ? await listSkipped(database, job.id, { limit: MAX_FAULTS }) : [];
  const { queued, active, done, dead } = job.counts;
  const hasCounts = job.listed_at > 0 && !isFailed;
  return {
    id: job.id,
    object: 'batch',
    endpoint: row.endpoint,
    model: row.model,
    errors: isFailed ? { object: 'list', data: faults.map(faultJson) } : null,
    input_file_id: row.input_file_id,
    completion_window: row.completion_window,
    status,
    output_file_id: row.output_file_id || null,
    error_file_id: row.error_file_id || null,
    created_at: toSeconds(job.created_at),
    in_progress_at: isFailed ? null : toSeconds(job.listed_at),
    expires_at: toSeconds(row.expires_at),
    finalizing_at: isFailed ? null : toSeconds(row.finalizing_at || row.expiring_at),
    completed_at: end === 'completed' ? toSeconds(row.ended_at) : null,
    failed_at: isFailed ? toSeconds(job.finished_at) : null,
    expired_at: end === 'expired' ? toSeconds(row.ended_at) : null,
    cancelling_at: toSeconds(row.cancelling_at),
    cancelled_at: end === 'cancelled' ? toSeconds(row.ended_at) : null,
    request_counts: hasCounts
      ? { total: queued + active + done + dead, completed: done, failed: dead }
      : { total: 0, completed: 0, failed: 0 },
    metadata: JSON.parse(row.metadata) as object | null,
    ...(row.usage !== '' && { usage: JSON.parse(row.usage) as object }),
  };
}

function toSeconds(ms: number): number | null {
  return ms === 0 ? null : Math.floor(ms / 1_000);
}

/** The member of a line that has the fault. */
const PARAMETERS: Readonly<Record<string, string>> = {
  INVALID_CUSTOM_ID: 'custom_id',
  DUPLICATE_CUSTOM_ID: 'custom_id',
  INVALID_METHOD: 'method',
  INVALID_URL: 'url',
  INVALID_BODY: 'body',
  MODEL_NOT_FOUND: 'body.model',
};

function faultJson({ entry, code, reason }: SkippedRow): object {
  return {
    code: code.toLowerCase(),
    line: entry === '' ? null : Number(entry),
    message: reason,
    param: PARAMETERS[code] ?? null,
  };
}
