import { computed, type ReadonlySignal } from '@preact/signals';

import { locale } from '../locales/locale.js';
import { storedSignal } from '../shell/stored-signal.js';
import { type AskSettings, DEFAULT_SETTINGS, isAskSettings } from './settings-values.js';

/** How questions are asked; this browser remembers it. */
export const askSettings = storedSignal('salamandra.ask', DEFAULT_SETTINGS, isAskSettings);

/** The language of the next answer: the chosen one, else the page's. */
export const answerLanguage: ReadonlySignal<string> = computed(
  () => askSettings.value.language ?? locale.value,
);

/** Changes some of the settings. */
export function changeSettings(changes: Partial<AskSettings>): void {
  askSettings.value = { ...askSettings.value, ...changes };
}
