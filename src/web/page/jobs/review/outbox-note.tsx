import { t } from '../../locales/locale.js';
import { RefreshIcon } from '../../shell/icons.js';
import { outboxError, pendingDecisions, sendNow } from './outbox.js';

/** Says that decisions wait for the service, and that they are kept. */
export function OutboxNote() {
  const { outbox } = t().jobs;
  const count = pendingDecisions.value.length;
  return (
    <div role="status">
      {outboxError.value !== null && count > 0 && (
        <div class="job-note">
          <p>{outbox.waiting(count)}</p>
          <button type="button" class="button" onClick={sendNow}>
            <RefreshIcon />
            {t().errors.retry}
          </button>
        </div>
      )}
    </div>
  );
}
