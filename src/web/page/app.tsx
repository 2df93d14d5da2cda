import './app.css';

import { t } from './locales/locale.js';
import { AskPanel } from './ask/ask-panel.js';
import { CaptionPanel } from './captions/caption-panel.js';
import { JobsSpace } from './jobs/jobs-space.js';
import { MediaTray } from './media/media-tray.js';
import { modelSupportsMedia } from './service/service-status.js';
import { formatAddress, JOB_LIST, type Space, SPACES } from './shell/address.js';
import { address, goTo } from './shell/current-address.js';
import { DemoBanner } from './shell/demo-banner.js';
import { Header } from './shell/header.js';
import { ServiceBanner } from './shell/service-banner.js';

const PANELS = { captions: CaptionPanel, ask: AskPanel } as const;

/**
 * The page: captions and conversation have the media in a column beside them, and keep their state while they are
 * hidden; jobs have the whole width. A text-only model writes no captions.
 */
export function App() {
  const spaces = SPACES.filter((each) => each !== 'captions' || modelSupportsMedia.value);
  const { space } = address.value;
  const shown = spaces.includes(space) ? space : 'ask';
  return (
    <>
      <Header />
      <ServiceBanner />
      <DemoBanner />
      <main>
        <SpaceTabs spaces={spaces} shown={shown} />
        <div class="work" hidden={shown === 'jobs'}>
          {modelSupportsMedia.value && (
            <section aria-label={t().media.title}>
              <MediaTray takesDrops={shown !== 'jobs'} />
            </section>
          )}
          <section aria-label={t().tabs.title}>
            {spaces.map((each) => {
              if (each === 'jobs') return null;
              const Panel = PANELS[each];
              return (
                <div key={each} {...panelOf(each)} hidden={shown !== each}>
                  <Panel />
                </div>
              );
            })}
          </section>
        </div>
        <div {...panelOf('jobs')} class="jobs" hidden={shown !== 'jobs'}>
          {address.value.space === 'jobs' && <JobsSpace address={address.value} />}
        </div>
      </main>
    </>
  );
}

function panelOf(space: Space) {
  return { id: `panel-${space}`, role: 'tabpanel', 'aria-labelledby': `tab-${space}` } as const;
}

interface SpaceTabsProps {
  readonly spaces: readonly Space[];
  readonly shown: Space;
}

/** Links, so that a space can be opened in another tab of the browser; one tab stop with arrow keys. */
function SpaceTabs({ spaces, shown }: SpaceTabsProps) {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const next = spaces[(spaces.indexOf(shown) + step + spaces.length) % spaces.length];
    if (next === undefined) return;
    event.preventDefault();
    goTo(startOf(next));
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={t().tabs.title} onKeyDown={move}>
      {spaces.map((each) => (
        <a
          key={each}
          href={formatAddress(startOf(each))}
          role="tab"
          id={`tab-${each}`}
          aria-controls={`panel-${each}`}
          aria-selected={shown === each}
          tabIndex={shown === each ? 0 : -1}
        >
          {t().tabs[each]}
        </a>
      ))}
    </div>
  );
}

function startOf(space: Space) {
  return space === 'jobs' ? JOB_LIST : { space };
}
