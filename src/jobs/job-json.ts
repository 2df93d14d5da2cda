import type { JobProgress } from './job-progress.js';
import type { Job } from './jobs.js';

/** A job with the field names of the HTTP API. Times are ISO 8601; `null`: not yet. */
export function jobJson(job: Job, { total, perHour, secondsLeft }: JobProgress): object {
  const { counts } = job;
  return {
    id: job.id,
    object: 'job',
    kind: job.kind,
    name: job.name,
    state: job.state,
    waiting_reason: job.pause_reason || job.hold_reason || null,
    priority: job.priority,
    // The folders of the operator are not the client's affair.
    source: { ...job.source, roots: undefined },
    recipe: job.recipe,
    model: job.model ?? (job.model_name === null ? null : { id: job.model_name }),
    pilot: job.pilot === 0 ? null : { items: job.pilot, state: job.pilot_state },
    is_listed: job.listed_at > 0,
    counts: {
      total,
      queued: counts.queued,
      active: counts.active,
      done: counts.done,
      failed: counts.dead,
      reused: counts.reused,
      skipped: counts.skipped,
    },
    items_per_hour: perHour === null ? null : Math.round(perHour * 10) / 10,
    seconds_left: secondsLeft === null ? null : Math.round(secondsLeft),
    created: toIso(job.created_at),
    started: toIso(job.started_at),
    finished: toIso(job.finished_at),
  };
}

/** A time in milliseconds since 1970 as ISO 8601; `null` for 0. */
export function toIso(ms: number): string | null {
  return ms === 0 ? null : new Date(ms).toISOString();
}
