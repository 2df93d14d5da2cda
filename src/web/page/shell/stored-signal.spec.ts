import { jest } from '@jest/globals';

import { storedSignal } from './stored-signal.js';

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Installs a fake `localStorage` with the methods that the signal uses. */
function provideStorage(entries: Record<string, string>) {
  const setItem = jest.fn((key: string, value: string) => {
    entries[key] = value;
  });
  Object.assign(globalThis, {
    localStorage: { getItem: (key: string) => entries[key] ?? null, setItem },
  });
  return { entries, setItem };
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'localStorage');
});

it('starts with the stored value and stores changes', () => {
  const { entries } = provideStorage({ size: '7' });
  const size = storedSignal('size', 1, isNumber);
  expect(size.value).toBe(7);
  size.value = 8;
  expect(entries).toEqual({ size: '8' });
});

it.each(['"seven"', '{', 'null'])('ignores the stored value %s', (stored) => {
  provideStorage({ size: stored });
  expect(storedSignal('size', 1, isNumber).value).toBe(1);
});

it('does not store the initial value', () => {
  const { setItem } = provideStorage({});
  storedSignal('size', 1, isNumber);
  expect(setItem).not.toHaveBeenCalled();
});

it('works without storage', () => {
  const size = storedSignal('size', 1, isNumber);
  size.value = 2;
  expect(size.value).toBe(2);
});
