import { computed, type ReadonlySignal } from '@preact/signals';

import { locale } from '../locales/locale.js';
import { storedSignal } from '../shell/stored-signal.js';
import { type AskSettings, DEFAULT_SETTINGS, isAskSettings } from './ask-settings.js';

/** The settings of the Ask tab, stored in this browser. */
export const askSettings = storedSignal('salamandra.ask', DEFAULT_SETTINGS, isAskSettings);

/** The language of the next answer: the selected one, or the page language. */
export const answerLanguage: ReadonlySignal<string> = computed(
  () => askSettings.value.language ?? locale.value,
);

/** Sets some of the settings. */
export function changeSettings(changes: Partial<AskSettings>): void {
  askSettings.value = { ...askSettings.value, ...changes };
}
