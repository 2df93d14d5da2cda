import './header.css';

import { LOCALES, isLocaleCode, locale, t } from '../locales/locale.js';
import { serviceStatus } from '../service/service-status.js';
import { ChevronIcon } from './icons.js';

/** The page name, the model, the API link and the page language. */
export function Header() {
  const { header } = t();
  return (
    <header class="header">
      <span class="header-mark" />
      <h1 class="header-name">Visual Salamandra</h1>
      <ModelBadge />
      <div class="header-actions">
        {/* A new tab, because files and texts of the page exist in memory only. */}
        <a class="button quiet header-link" href="docs" target="_blank" rel="noopener">
          {header.documentation}
        </a>
        <LocaleSelect />
      </div>
    </header>
  );
}

/** The name and precision of the model, or the state of the service. */
function ModelBadge() {
  const { service, report } = t();
  const status = serviceStatus.value;
  const isReady = status.state === 'ready';
  return (
    <p class="header-model">
      <span class={`header-dot header-dot-${status.state}`} />
      <span class="visually-hidden">{`${report.model}: `}</span>
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

/** A native select, transparent, on top of a label that is shorter than its longest option. */
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
