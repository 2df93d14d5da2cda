import './app.css';

import { useSignal } from '@preact/signals';

import { AskPanel } from './ask/ask-panel.js';
import { CaptionPanel } from './captions/caption-panel.js';
import { t } from './locales/locale.js';
import { MediaTray } from './media/media-tray.js';
import { seesMedia } from './service/service-status.js';
import { DemoNotice } from './shell/demo-notice.js';
import { Header } from './shell/header.js';
import { ServiceBanner } from './shell/service-banner.js';

const PANELS = { captions: CaptionPanel, ask: AskPanel };
type Tab = keyof typeof PANELS;
/**
 * The page: media on one side, what is written about them on the other. Both panels keep their work when hidden. A model
 * that reads text alone leaves the questions.
 */
export function App() {
  const tab = useSignal<Tab>('captions');
  const tabs: readonly Tab[] = seesMedia.value ? ['captions', 'ask'] : ['ask'];
  const shown = seesMedia.value ? tab.value : 'ask';
  const choose = (event: KeyboardEvent) => {
    if (tabs.length === 1 || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) return;
    tab.value = tab.value === 'captions' ? 'ask' : 'captions';
    document.getElementById(`tab-${tab.value}`)?.focus();
  };
  return (
    <>
      <Header />
      <ServiceBanner />
      <DemoNotice />
      <main class="work">
        {seesMedia.value && (
          <section aria-label={t().tray.title}>
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
