import './demo-notice.css';

import { t } from '../locales/locale.js';
import { CopyButton } from './copy-button.js';
import { DEMO_NOTE_BUTTON_ID, DEMO_NOTE_ID, isDemoModel, isDemoNoteHidden } from './demo-note.js';
import { CloseIcon } from './icons.js';

const COMMAND = 'node dist/cli.js pull 7b-vision && SALAMANDRA_MODEL=7b-vision node dist/main.js';

/** The truth about the demo model, until the reader puts it away: what it knows, and how to get the real one. */
export function DemoNotice() {
  if (!isDemoModel.value || isDemoNoteHidden.value) return null;
  const { demo } = t();
  const close = () => {
    isDemoNoteHidden.value = true;
    // The button pressed is about to go; the one that brings the note back is where the reader goes on.
    document.getElementById(DEMO_NOTE_BUTTON_ID)?.focus();
  };
  return (
    <aside class="demo-notice" id={DEMO_NOTE_ID} aria-labelledby="demo-notice-title">
      <div class="demo-notice-text">
        <h2 id="demo-notice-title">{demo.title}</h2>
        <p>{demo.text}</p>
      </div>
      <div class="demo-notice-real">
        <p id="demo-notice-real">{demo.real}</p>
        <div class="demo-notice-command">
          <code tabIndex={0} role="region" aria-labelledby="demo-notice-real">
            {COMMAND}
          </code>
          <CopyButton text={COMMAND} label={demo.copyCommand} />
        </div>
      </div>
      <button
        type="button"
        class="button quiet demo-notice-close"
        aria-label={demo.close}
        title={demo.close}
        onClick={close}
      >
        <CloseIcon />
      </button>
    </aside>
  );
}
