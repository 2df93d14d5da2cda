import { t } from '../locales/locale.js';
import { formatDuration } from './format.js';
import { secondsAfterPilot, waitsAfterPilot } from './job-actions.js';
import { changeShownJob } from './job-store.js';
import type { JobDetails } from './job-types.js';

/** What the pilot took, what the rest will take, and the decision about it. */
export function PilotReport({ job }: { readonly job: JobDetails }) {
  const { pilot } = t().jobs;
  if (job.pilot && job.pilot.state !== 'done') {
    return <p class="job-note">{pilot.running(job.pilot.items)}</p>;
  }
  const result = job.pilot_result;
  if (!result || !waitsAfterPilot(job)) return null;
  const left = secondsAfterPilot(job, result);
  return (
    <div class="job-note" role="status">
      <p>
        <strong>{pilot.took(result.items, formatDuration(result.seconds))}</strong>{' '}
        {result.failed > 0 && `${pilot.failed(result.failed)} `}
        {left !== null && pilot.rest(job.counts.queued, formatDuration(left))} {pilot.hint}
      </p>
      <button
        type="button"
        class="button primary"
        onClick={() => void changeShownJob(job.id, 'resume')}
      >
        {t().jobs.actions.startRest}
      </button>
    </div>
  );
}
