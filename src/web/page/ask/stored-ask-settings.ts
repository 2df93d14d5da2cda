import { computed, type ReadonlySignal } from '@preact/signals';

import { locale } from '../locales/locale.js';
import { defaultLanguage } from '../languages/default-languages.js';
import { languages } from '../service/service-status.js';
import { storedSignal } from '../shell/stored-signal.js';
import { type AskSettings, DEFAULT_SETTINGS, isAskSettings } from './ask-settings.js';

/** The settings of the Ask tab, stored in this browser. */
export const askSettings = storedSignal('salamandra.ask', DEFAULT_SETTINGS, isAskSettings);

/** The language of the next answer: the selected one, or the page language; another one if the model has neither. */
export const answerLanguage: ReadonlySignal<string> = computed(() => {
  const wanted = askSettings.value.language ?? locale.value;
  return languages.value.length === 0
    ? wanted
    : defaultLanguage([wanted, ...navigator.languages], languages.value);
});

/** Sets some of the settings. */
export function changeSettings(changes: Partial<AskSettings>): void {
  askSettings.value = { ...askSettings.value, ...changes };
}
