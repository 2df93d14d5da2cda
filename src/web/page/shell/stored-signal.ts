import { effect, type Signal, signal } from '@preact/signals';

/**
 * A signal stored in `localStorage` under `key`. Invalid stored values are ignored. Without storage (private windows,
 * blocked sites) the value lasts as long as the page.
 */
export function storedSignal<T>(
  key: string,
  initial: T,
  isValid: (value: unknown) => value is T,
): Signal<T> {
  const stored = read(key);
  const value = signal(isValid(stored) ? stored : initial);
  let saved = value.peek();
  effect(() => {
    // Only changes are stored, because the default may change in a later version.
    if (value.value === saved) return;
    saved = value.value;
    write(key, saved);
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
    // Storage is full or blocked: the value is lost with the page, which needs no message.
  }
}
