import './app.css';

import { useSignal } from '@preact/signals';

import { AskPanel } from './ask/ask-panel.js';
import { CaptionPanel } from './captions/caption-panel.js';
import { t } from './locales/locale.js';
import { MediaTray } from './media/media-tray.js';
import { modelSupportsMedia } from './service/service-status.js';
import { DemoBanner } from './shell/demo-banner.js';
import { Header } from './shell/header.js';
import { ServiceBanner } from './shell/service-banner.js';

const PANELS = { captions: CaptionPanel, ask: AskPanel };
type Tab = keyof typeof PANELS;

/**
 * The page: media in one column, the tabs in the other. A text-only model has the Ask tab only. Hidden tabs keep their
 * state.
 */
export function App() {
  const tab = useSignal<Tab>('captions');
  const tabs: readonly Tab[] = modelSupportsMedia.value ? ['captions', 'ask'] : ['ask'];
  const shown = modelSupportsMedia.value ? tab.value : 'ask';
  const choose = (event: KeyboardEvent) => {
    if (tabs.length === 1 || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return;
    tab.value = tab.value === 'captions' ? 'ask' : 'captions';
    document.getElementById(`tab-${tab.value}`)?.focus();
  };
  return (
    <>
      <Header />
      <ServiceBanner />
      <DemoBanner />
      <main class="work">
        {modelSupportsMedia.value && (
          <section aria-label={t().media.title}>
            <MediaTray />
          </section>
        )}
        <section aria-label={t().tabs.title}>
          <div class="tabs" role="tablist" aria-label={t().tabs.title} onKeyDown={choose}>
            {tabs.map((each) => (
              <button
                key={each}
                type="button"
                role="tab"
                id={`tab-${each}`}
                aria-controls={`panel-${each}`}
                aria-selected={shown === each}
                tabIndex={shown === each ? 0 : -1}
                onClick={() => {
                  tab.value = each;
                }}
              >
                {t().tabs[each]}
              </button>
            ))}
          </div>
          {tabs.map((each) => {
            const Panel = PANELS[each];
            return (
              <div
                key={each}
                id={`panel-${each}`}
                role="tabpanel"
                aria-labelledby={`tab-${each}`}
                hidden={shown !== each}
              >
                <Panel />
              </div>
            );
          })}
        </section>
      </main>
    </>
  );
}
