import './service-banner.css';

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { t } from '../locales/locale.js';
import type { ServiceStatus } from '../service/read-status.js';
import { checkNow, serviceStatus } from '../service/service-status.js';
import { RefreshIcon } from './icons.js';

/** A local service answers within moments; a banner that flashes by says nothing. */
const PATIENCE_MS = 800;

/** What keeps the service from answering, for as long as it does. */
export function ServiceBanner() {
  const isLate = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      isLate.value = true;
    }, PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isLate]);
  const status = serviceStatus.value;
  const { state } = status;
  const isHidden = state === 'ready' || (state === 'connecting' && !isLate.value);
  // The region stays while its words come and go: that is what screen readers announce.
  return (
    <div role="status" aria-live="polite">
      {!isHidden && (
        <div class={`service-banner service-banner-${state}`}>
          <div class="service-banner-words">
            <p>{describe(status)}</p>
            {status.state === 'failed' && (
              <p class="service-banner-reason" lang="en">
                {status.reason}
              </p>
            )}
          </div>
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
      // A conversion adds to its step which part it is at.
      return service.loading(service.steps[status.step.split(' ')[0] ?? ''] ?? status.step);
    case 'failed':
      return service.failed;
    case 'unreachable':
      // A service on this very device answers without any network, so this is looked at last.
      return navigator.onLine ? service.unreachable : service.offline;
    case 'ready':
      return service.ready;
  }
}
