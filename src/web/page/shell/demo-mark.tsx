import './demo-mark.css';

import { t } from '../locales/locale.js';

/** Labels a text of the demo model, so that nobody takes it for one of a real model. */
export function DemoMark() {
  const { demo } = t();
  return (
    <p class="demo-mark" title={demo.text}>
      {demo.label}
    </p>
  );
}
