import { effect, type ReadonlySignal } from '@preact/signals';

import { firstLanguages } from '../languages/first-languages.js';
import { isCodeList } from '../languages/is-code-list.js';
import { languages } from '../service/service-status.js';
import { storedSignal } from '../shell/stored-signal.js';
import { type CaptionOptions, DEFAULT_OPTIONS, isCaptionOptions } from './caption-options.js';

const options = storedSignal('salamandra.caption-options', DEFAULT_OPTIONS, isCaptionOptions);

/** What is chosen beside the languages; remembered. */
export const captionOptions: ReadonlySignal<CaptionOptions> = options;

/** Changes some of the options. */
export function setOptions(change: Partial<CaptionOptions>): void {
  options.value = { ...options.value, ...change };
}

/** The codes of the languages to write in, in the order they were chosen; remembered. */
export const chosenLanguages = storedSignal<readonly string[]>(
  'salamandra.caption-languages',
  [],
  isCodeList,
);

let isFirstChoiceMade = false;
effect(() => {
  // Once, when the service has said what it knows: later, none chosen is a choice too.
  if (isFirstChoiceMade || languages.value.length === 0) return;
  isFirstChoiceMade = true;
  chosenLanguages.value = firstLanguages(
    chosenLanguages.peek(),
    navigator.languages,
    languages.value,
  );
});
