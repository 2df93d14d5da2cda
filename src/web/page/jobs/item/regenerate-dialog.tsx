import { useSignal } from '@preact/signals';
import { useId, useRef } from 'preact/hooks';

import { DETAILS } from '../../captions/caption-options.js';
import { t } from '../../locales/locale.js';
import { Dialog } from '../../shell/dialog.js';
import { ErrorNote } from '../../shell/error-note.js';
import type { Item } from '../job-types.js';
import { regenerateItem } from '../jobs-api.js';

/** Characters of a hint that the service accepts. */
const MAX_HINT = 500;

interface RegenerateDialogProps {
  readonly job: string;
  readonly item: Item;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Asks the machine for other texts, with another detail or a hint. */
export function RegenerateDialog({ job, item, onClose, onDone }: RegenerateDialogProps) {
  const { regenerate, reviewer } = t().jobs;
  const ids = [useId(), useId()];
  const form = useRef<HTMLFormElement>(null);
  const error = useSignal<unknown>(null);
  const send = async () => {
    const values = new FormData(form.current ?? undefined);
    const [detail, hint] = ['detail', 'hint'].map((name) => values.get(name));
    try {
      await regenerateItem(job, item.id, {
        detail: typeof detail === 'string' ? detail : 'auto',
        ...(typeof hint === 'string' && hint.trim() !== '' && { hint: hint.trim() }),
      });
      onDone();
    } catch (failure) {
      error.value = failure;
    }
  };
  return (
    <Dialog title={regenerate.title} onClose={onClose}>
      <form
        ref={form}
        class="reviewer-form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p class="reviewer-hint">{regenerate.explanation}</p>
        <div>
          <label class="label" for={ids[0]}>
            {t().captions.detail}
          </label>
          <select id={ids[0]} class="field" name="detail" defaultValue="high">
            {DETAILS.map((detail) => (
              <option key={detail} value={detail} selected={detail === 'high'}>
                {t().captions.details[detail]}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label class="label" for={ids[1]}>
            {regenerate.hint}
          </label>
          <input
            id={ids[1]}
            class="field"
            name="hint"
            maxLength={MAX_HINT}
            placeholder={regenerate.placeholder}
            autocomplete="off"
          />
        </div>
        {error.value !== null && <ErrorNote error={error.value} />}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {reviewer.cancel}
          </button>
          <button type="submit" class="button primary">
            {t().jobs.commands.regenerate}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
