import { computed } from '@preact/signals';

import { serviceStatus } from '../service/service-status.js';
import { storedSignal } from './stored-signal.js';

/** Whether the reader has put the note on the demo model away. */
export const isDemoNoteHidden = storedSignal(
  'salamandra.demo-note-hidden',
  false,
  (value) => typeof value === 'boolean',
);

/** Whether the small demo model answers, which has to be said wherever it speaks. */
export const isDemoModel = computed(() => {
  const status = serviceStatus.value;
  return status.state === 'ready' && status.model.id === 'demo';
});

/** What the button of the header opens and closes. */
export const DEMO_NOTE_ID = 'demo-notice';
export const DEMO_NOTE_BUTTON_ID = 'header-demo';
