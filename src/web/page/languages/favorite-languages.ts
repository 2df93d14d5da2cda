import type { ReadonlySignal } from '@preact/signals';

import { storedSignal } from '../shell/stored-signal.js';
import { isCodeList, toggleCode } from './code-list.js';

const codes = storedSignal<readonly string[]>('salamandra.favorite-languages', [], isCodeList);

/** The codes of the languages listed first; stored in this browser. */
export const favoriteLanguages: ReadonlySignal<readonly string[]> = codes;

/** Adds a language to the favorites, or removes it. */
export function toggleFavorite(code: string): void {
  codes.value = toggleCode(codes.value, code);
}
