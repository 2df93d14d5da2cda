import './job-progress.css';

import { t } from '../locales/locale.js';
import type { Job } from './job-types.js';
import { formatDuration } from './format.js';
import { waitsAfterPilot } from './job-actions.js';

/** State, progress bar and figures of a job. */
export function JobProgress({ job }: { readonly job: Job }) {
  const { progress } = t().jobs;
  const { total, done, failed, skipped } = job.counts;
  const ended = done + failed;
  return (
    <div class="job-progress">
      <p class="job-progress-line">
        <JobStateMark job={job} />
        <span>{job.is_listed ? progress.of(ended, total) : progress.listing(total)}</span>
        {failed > 0 && <span class="job-progress-failed">{progress.failed(failed)}</span>}
        {skipped > 0 && <span>{progress.skipped(skipped)}</span>}
        <Pace job={job} />
      </p>
      <progress
        aria-label={job.name}
        max={Math.max(1, total)}
        value={total === 0 ? undefined : ended}
      />
      {job.waiting_reason !== null && job.state === 'active' && (
        <p class="job-progress-reason" lang="en">
          {job.waiting_reason}
        </p>
      )}
    </div>
  );
}

/** Items per hour, and the time that is left. */
function Pace({ job }: { readonly job: Job }) {
  const { progress } = t().jobs;
  if (job.state !== 'active') return null;
  const { items_per_hour: rate, seconds_left: left } = job;
  return (
    <>
      {rate !== null && rate > 0 && <span>{progress.perHour(Math.round(rate))}</span>}
      {left !== null && left > 0 && <span>{progress.left(formatDuration(left))}</span>}
    </>
  );
}

/** The state in words; its color is not its only sign. */
function JobStateMark({ job }: { readonly job: Job }) {
  const { states } = t().jobs;
  const state = waitsAfterPilot(job)
    ? 'pilot'
    : job.state === 'active' && job.waiting_reason !== null
      ? 'waiting'
      : job.state;
  return <span class={`job-state job-state-${state}`}>{states[state]}</span>;
}
