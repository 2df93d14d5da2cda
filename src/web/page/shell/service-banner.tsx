import './service-banner.css';

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { type ServiceStatus, checkNow, serviceStatus } from '../service/service-status.js';
import { RefreshIcon } from './icons.js';
import { KeyForm } from './key-form.js';

/** Milliseconds before "Connecting" is shown: a banner that flashes on every load would be noise. */
const SHOW_DELAY_MS = 800;

/** The state of the service while it is not ready, with the reason of a failure. */
export function ServiceBanner() {
  const isLate = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      isLate.value = true;
    }, SHOW_DELAY_MS);
    return () => clearTimeout(timer);
  }, [isLate]);
  const status = serviceStatus.value;
  const { state } = status;
  const isHidden = state === 'ready' || (state === 'connecting' && !isLate.value);
  // The live region is always rendered, because screen readers announce changes inside an existing region only.
  return (
    <div role="status" aria-live="polite">
      {!isHidden && (
        <div class={`service-banner service-banner-${state}`}>
          <div class="service-banner-text">
            <p>{describe(status)}</p>
            {status.state === 'failed' && (
              <p class="service-banner-reason" lang="en">
                {status.reason}
              </p>
            )}
          </div>
          {state === 'locked' && <KeyForm />}
          {state === 'unreachable' && (
            <button type="button" class="button" onClick={checkNow}>
              <RefreshIcon />
              {t().service.tryNow}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function describe(status: ServiceStatus): string {
  const { service } = t();
  switch (status.state) {
    case 'connecting':
      return service.connecting;
    case 'loading':
      // The step of a conversion is followed by its current part.
      return service.loading(service.steps[status.step.split(' ')[0] ?? ''] ?? status.step);
    case 'failed':
      return service.failed;
    case 'locked':
      return service.locked;
    case 'unreachable':
      // `onLine` is checked only after a failed request: a service on this device works offline.
      return navigator.onLine ? service.unreachable : service.offline;
    case 'ready':
      return service.ready;
  }
}
