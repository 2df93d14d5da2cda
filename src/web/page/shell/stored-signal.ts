import { effect, type Signal, signal } from '@preact/signals';

/**
 * A signal that this browser remembers under `key`. What is stored and not valid counts as absent, and
 * without storage (private windows, a blocked site) the signal lives as long as the page.
 */
export function storedSignal<T>(
  key: string,
  initial: T,
  isValid: (value: unknown) => value is T,
): Signal<T> {
  const stored = read(key);
  const value = signal(isValid(stored) ? stored : initial);
  let written = value.peek();
  effect(() => {
    // Only changes are written: a default may differ the next time.
    if (value.value === written) return;
    written = value.value;
    write(key, written);
  });
  return value;
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return undefined;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: the choice is lost with the page, which is no reason to disturb anyone.
  }
}
