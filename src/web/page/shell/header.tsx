import './header.css';

import { LOCALES, isLocaleCode, locale, t } from '../locales/locale.js';
import { serviceStatus } from '../service/service-status.js';
import { DEMO_NOTE_BUTTON_ID, DEMO_NOTE_ID, isDemoModel, isDemoNoteHidden } from './demo-note.js';
import { ChevronIcon, InfoIcon } from './icons.js';

/** The bar at the top: what this is, the model that answers, and the page's own settings. */
export function Header() {
  const { header } = t();
  return (
    <header class="header">
      <span class="header-mark" />
      <h1 class="header-name">Visual Salamandra</h1>
      <ModelBadge />
      <div class="header-actions">
        <DemoNoteButton />
        {/* In a tab of its own: the media and the texts of this one live in its memory. */}
        <a class="button quiet header-link" href="/docs" target="_blank" rel="noopener">
          {header.documentation}
        </a>
        <LocaleSelect />
      </div>
    </header>
  );
}

/** The model by name and precision, or why there is none, with a dot that says it in colour. */
function ModelBadge() {
  const { service, seen } = t();
  const status = serviceStatus.value;
  const isReady = status.state === 'ready';
  return (
    <p class="header-model">
      <span class={`header-dot header-dot-${status.state}`} />
      <span class="visually-hidden">{`${seen.model}: `}</span>
      {isReady ? (
        <>
          <span class="visually-hidden">{`${service.ready}, `}</span>
          <span class="header-model-name">{status.model.name}</span>
          <span class="header-precision">{status.model.precision}</span>
        </>
      ) : (
        service.states[status.state]
      )}
    </p>
  );
}

function DemoNoteButton() {
  if (!isDemoModel.value) return null;
  const toggle = () => {
    isDemoNoteHidden.value = !isDemoNoteHidden.value;
  };
  return (
    <button
      type="button"
      id={DEMO_NOTE_BUTTON_ID}
      class="button quiet"
      title={t().demo.show}
      aria-label={t().demo.show}
      aria-expanded={!isDemoNoteHidden.value}
      aria-controls={DEMO_NOTE_ID}
      onClick={toggle}
    >
      <InfoIcon />
      <span class="header-wide">{t().demo.show}</span>
    </button>
  );
}

/** The browser's own select, laid unseen over the short text that it chooses. */
function LocaleSelect() {
  const label = t().header.interfaceLanguage;
  return (
    <label class="header-locale" title={label}>
      <span class="visually-hidden">{label}</span>
      <span class="header-wide" aria-hidden="true">
        {LOCALES.find(({ code }) => code === locale.value)?.name}
      </span>
      <span class="header-narrow" aria-hidden="true">
        {locale.value.toUpperCase()}
      </span>
      <ChevronIcon />
      <select
        value={locale.value}
        onChange={({ currentTarget }) => {
          if (isLocaleCode(currentTarget.value)) locale.value = currentTarget.value;
        }}
      >
        {LOCALES.map(({ code, name }) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
