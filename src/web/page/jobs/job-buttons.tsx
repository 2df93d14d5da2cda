import { useSignal } from '@preact/signals';

import { t } from '../locales/locale.js';
import { Dialog } from '../shell/dialog.js';
import { changesOf, type JobChange, waitsAfterPilot } from './job-actions.js';
import type { Job } from './job-types.js';

interface JobButtonsProps {
  readonly job: Job;
  readonly onChange: (change: JobChange) => void;
}

/** The changes that are possible now. Cancelling and deleting are asked about first. */
export function JobButtons({ job, onChange }: JobButtonsProps) {
  const asked = useSignal<'cancel' | 'delete' | null>(null);
  const { actions } = t().jobs;
  const press = (change: JobChange) => {
    if (change === 'cancel' || change === 'delete') asked.value = change;
    else onChange(change);
  };
  return (
    <div class="job-buttons">
      {changesOf(job).map((change) => (
        <button
          key={change}
          type="button"
          class={change === 'resume' ? 'button primary' : 'button'}
          onClick={() => press(change)}
        >
          {change === 'resume' && waitsAfterPilot(job) ? actions.startRest : actions[change]}
        </button>
      ))}
      {asked.value !== null && (
        <Confirmation
          change={asked.value}
          job={job}
          onClose={() => {
            asked.value = null;
          }}
          onChange={onChange}
        />
      )}
    </div>
  );
}

interface ConfirmationProps extends JobButtonsProps {
  readonly change: 'cancel' | 'delete';
  readonly onClose: () => void;
}

function Confirmation({ change, job, onClose, onChange }: ConfirmationProps) {
  const { actions } = t().jobs;
  return (
    <Dialog title={actions.confirm[change](job.name)} onClose={onClose}>
      <p>{actions.consequence[change]}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {actions.keep}
        </button>
        <button
          type="button"
          class="button primary"
          onClick={() => {
            onClose();
            onChange(change);
          }}
        >
          {actions[change]}
        </button>
      </div>
    </Dialog>
  );
}
