import './key-form.css';

import { useSignal } from '@preact/signals';

import { t } from '../locales/locale.js';
import { openSession } from '../service/http.js';
import { checkNow } from '../service/service-status.js';

/** Asks for the API key of the service. The browser keeps it until its session ends. */
export function KeyForm() {
  const key = useSignal('');
  const failure = useSignal<'wrong' | 'unreachable' | null>(null);
  const { service } = t();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    failure.value = await openSession(key.value.trim());
    if (failure.value === null) checkNow();
  };
  return (
    <form class="key-form" onSubmit={(event) => void submit(event)}>
      <label class="key-form-label">
        {service.keyLabel}
        <input
          class="field"
          type="password"
          autocomplete="current-password"
          required
          value={key.value}
          onInput={({ currentTarget }) => (key.value = currentTarget.value)}
        />
      </label>
      <button type="submit" class="button">
        {service.useKey}
      </button>
      {failure.value !== null && (
        <p role="alert">{failure.value === 'wrong' ? service.wrongKey : service.unreachable}</p>
      )}
    </form>
  );
}
