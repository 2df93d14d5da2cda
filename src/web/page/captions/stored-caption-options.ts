import { effect, type ReadonlySignal } from '@preact/signals';

import { defaultLanguages } from '../languages/default-languages.js';
import { isCodeList } from '../languages/code-list.js';
import { languages } from '../service/service-status.js';
import { storedSignal } from '../shell/stored-signal.js';
import { type CaptionOptions, DEFAULT_OPTIONS, isCaptionOptions } from './caption-options.js';

const options = storedSignal('salamandra.caption-options', DEFAULT_OPTIONS, isCaptionOptions);

/** The caption options except the languages; stored in this browser. */
export const captionOptions: ReadonlySignal<CaptionOptions> = options;

/** Sets some of the options. */
export function setOptions(change: Partial<CaptionOptions>): void {
  options.value = { ...options.value, ...change };
}

/** The codes of the caption languages in the order of selection; stored in this browser. */
export const chosenLanguages = storedSignal<readonly string[]>(
  'salamandra.caption-languages',
  [],
  isCodeList,
);

let isInitialized = false;
effect(() => {
  // When the model is known, and again when another one is loaded. An empty selection made meanwhile stays empty.
  if (languages.value.length === 0) return;
  if (isInitialized && chosenLanguages.peek().length === 0) return;
  isInitialized = true;
  chosenLanguages.value = defaultLanguages(
    chosenLanguages.peek(),
    navigator.languages,
    languages.value,
  );
});
