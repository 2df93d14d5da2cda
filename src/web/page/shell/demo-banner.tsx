import './demo-banner.css';

import { t } from '../locales/locale.js';
import { isDemoLoaded } from '../service/service-status.js';
import { CopyButton } from './copy-button.js';

const COMMAND = 'npx salamandra pull 7b-vision && SALAMANDRA_MODEL=7b-vision npm start';

/** States the limits of the demo model for as long as it is loaded. The server command of the real model is folded. */
export function DemoBanner() {
  if (!isDemoLoaded.value) return null;
  const { demo } = t();
  return (
    <aside class="demo-banner" aria-labelledby="demo-banner-label">
      <p>
        <strong id="demo-banner-label">{demo.label}.</strong> {demo.text}
      </p>
      <details>
        <summary>{demo.realModel}</summary>
        <p id="demo-banner-command">{demo.realModelCommand}</p>
        <div class="demo-banner-command">
          <code tabIndex={0} role="region" aria-labelledby="demo-banner-command">
            {COMMAND}
          </code>
          <CopyButton text={COMMAND} label={demo.copyCommand} />
        </div>
      </details>
    </aside>
  );
}
