import { jest } from '@jest/globals';

import { storedSignal } from './stored-signal.js';

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** As much of a browser's storage as the signal uses. */
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

it('begins with what was stored, and stores what it is set to', () => {
  const { entries } = provideStorage({ size: '7' });
  const size = storedSignal('size', 1, isNumber);
  expect(size.value).toBe(7);
  size.value = 8;
  expect(entries).toEqual({ size: '8' });
});

it.each(['"seven"', '{', 'null'])('begins anew where %s was stored', (stored) => {
  provideStorage({ size: stored });
  expect(storedSignal('size', 1, isNumber).value).toBe(1);
});

it('does not store what nobody chose', () => {
  const { setItem } = provideStorage({});
  storedSignal('size', 1, isNumber);
  expect(setItem).not.toHaveBeenCalled();
});

it('works without storage', () => {
  const size = storedSignal('size', 1, isNumber);
  size.value = 2;
  expect(size.value).toBe(2);
});
