import { effect } from '@preact/signals';

import { storedSignal } from '../shell/stored-signal.js';
import { ca } from './ca.js';
import { en, type Messages } from './en.js';
import { es } from './es.js';
import { eu } from './eu.js';
import { gl } from './gl.js';
import { isLocaleCode, type LocaleCode, pickLocale } from './pick-locale.js';

export { isLocaleCode, LOCALES } from './pick-locale.js';

const MESSAGES: Readonly<Record<LocaleCode, Messages>> = { en, es, ca, eu, gl };

/** The page language: the stored one, or the first supported language of the browser. */
export const locale = storedSignal(
  'salamandra.locale',
  pickLocale(navigator.languages),
  isLocaleCode,
);

effect(() => {
  document.documentElement.lang = locale.value;
});

/** The texts in the page language. A component that calls this renders again when the language changes. */
export function t(): Messages {
  return MESSAGES[locale.value];
}
