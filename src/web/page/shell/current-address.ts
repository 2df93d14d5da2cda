import { type ReadonlySignal, signal } from '@preact/signals';

import { type Address, formatAddress, parseAddress } from './address.js';

const current = signal<Address>(parseAddress(location.hash));

/** What the page shows: the fragment of its URL, so that reload, bookmarks and the back button work. */
export const address: ReadonlySignal<Address> = current;

addEventListener('hashchange', () => {
  current.value = parseAddress(location.hash);
});

/** Goes to an address, with an entry in the history of the browser. */
export function goTo(next: Address): void {
  const fragment = formatAddress(next);
  if (fragment !== location.hash) history.pushState(null, '', fragment);
  current.value = next;
}

/** Changes the address without an entry in the history: for filters, and for the next item of a review. */
export function replaceAddress(next: Address): void {
  history.replaceState(history.state, '', formatAddress(next));
  current.value = next;
}
