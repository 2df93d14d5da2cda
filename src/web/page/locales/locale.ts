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

/** The language of the page: the one chosen here before, else the browser's. */
export const locale = storedSignal(
  'salamandra.locale',
  pickLocale(navigator.languages),
  isLocaleCode,
);

effect(() => {
  document.documentElement.lang = locale.value;
});

/** The page's texts in its language; what calls this while rendering renders again when the language changes. */
export function t(): Messages {
  return MESSAGES[locale.value];
}
