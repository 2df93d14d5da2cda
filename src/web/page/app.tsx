import './app.css';

import { useSignal } from '@preact/signals';

import { AskPanel } from './ask/ask-panel.js';
import { CaptionPanel } from './captions/caption-panel.js';
import { t } from './locales/locale.js';
import { MediaTray } from './media/media-tray.js';
import { DemoNotice } from './shell/demo-notice.js';
import { Header } from './shell/header.js';
import { ServiceBanner } from './shell/service-banner.js';

const PANELS = { captions: CaptionPanel, ask: AskPanel };
type Tab = keyof typeof PANELS;
const TABS: readonly Tab[] = ['captions', 'ask'];

/** The page: media on one side, what is written about them on the other. Both panels keep their work when hidden. */
export function App() {
  const tab = useSignal<Tab>('captions');
  const choose = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    tab.value = tab.value === 'captions' ? 'ask' : 'captions';
    document.getElementById(`tab-${tab.value}`)?.focus();
  };
  return (
    <>
      <Header />
      <ServiceBanner />
      <DemoNotice />
      <main class="work">
        <section aria-label={t().tray.title}>
          <MediaTray />
        </section>
        <section aria-label={t().tabs.title}>
          <div class="tabs" role="tablist" aria-label={t().tabs.title} onKeyDown={choose}>
            {TABS.map((each) => (
              <button
                key={each}
                type="button"
                role="tab"
                id={`tab-${each}`}
                aria-controls={`panel-${each}`}
                aria-selected={tab.value === each}
                tabIndex={tab.value === each ? 0 : -1}
                onClick={() => {
                  tab.value = each;
                }}
              >
                {t().tabs[each]}
              </button>
            ))}
          </div>
          {TABS.map((each) => {
            const Panel = PANELS[each];
            return (
              <div
                key={each}
                id={`panel-${each}`}
                role="tabpanel"
                aria-labelledby={`tab-${each}`}
                hidden={tab.value !== each}
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
