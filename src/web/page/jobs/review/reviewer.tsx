import { signal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { Dialog } from '../../shell/dialog.js';
import { storedSignal } from '../../shell/stored-signal.js';

/** Characters of a name that the service accepts. */
const MAX_NAME = 100;

/** The name that decisions are stored with; empty until the person gives it. Stored in this browser. */
export const reviewer = storedSignal(
  'salamandra.reviewer',
  '',
  (value): value is string => typeof value === 'string' && value.length <= MAX_NAME,
);

/** What waits for the name. */
const asked = signal<((name: string) => void) | null>(null);

/** Calls back with the name of the person, who is asked for it the first time. */
export function withReviewer(act: (name: string) => void): void {
  if (reviewer.peek() === '') asked.value = act;
  else act(reviewer.peek());
}

/** Asks for the name again, to change it. */
export function askReviewer(): void {
  asked.value = () => undefined;
}

/** The question for the name. Render it once in a view whose actions need it. */
export function ReviewerDialog() {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const named = useRef<(() => void) | null>(null);
  const act = asked.value;
  useEffect(() => {
    // After the dialog has given the focus back, which the act may move on.
    const go = act === null ? named.current : null;
    if (!go) return;
    named.current = null;
    go();
  }, [act]);
  if (act === null) return null;
  const { reviewer: texts } = t().jobs;
  const close = () => {
    asked.value = null;
  };
  return (
    <Dialog title={texts.title} onClose={close}>
      <form
        class="reviewer-form"
        onSubmit={(event) => {
          event.preventDefault();
          const name = field.current?.value.trim() ?? '';
          if (name === '') return;
          reviewer.value = name;
          named.current = () => act(name);
          close();
        }}
      >
        <div>
          <label class="label" for={id}>
            {texts.name}
          </label>
          <input
            ref={field}
            id={id}
            class="field"
            autocomplete="name"
            autofocus
            required
            maxLength={MAX_NAME}
            defaultValue={reviewer.peek()}
          />
        </div>
        <p class="reviewer-hint">{texts.hint}</p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={close}>
            {texts.cancel}
          </button>
          <button type="submit" class="button primary">
            {texts.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
