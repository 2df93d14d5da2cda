import type { ReadonlySignal } from '@preact/signals';

import { storedSignal } from '../shell/stored-signal.js';
import { isCodeList } from './is-code-list.js';

const codes = storedSignal<readonly string[]>('salamandra.favourite-languages', [], isCodeList);

/** The codes of the languages that this reader wants first; remembered. */
export const favouriteLanguages: ReadonlySignal<readonly string[]> = codes;

/** Makes a language a favourite, or one no longer. */
export function toggleFavourite(code: string): void {
  codes.value = toggleCode(codes.value, code);
}

/** A list with a code at its end, or without it where it was there. */
export function toggleCode(list: readonly string[], code: string): readonly string[] {
  return list.includes(code) ? list.filter((one) => one !== code) : [...list, code];
}
