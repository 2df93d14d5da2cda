import { commandOf, COMMANDS, KEYS } from './review-keys.js';

const press = (key: string, held: object = {}) => ({
  ...{ key, ctrlKey: false, metaKey: false, altKey: false },
  ...held,
});

it.each([
  ['a', 'accept'],
  ['A', 'acceptAll'],
  ['Enter', 'edit'],
  ['ArrowRight', 'next'],
  ['k', 'previous'],
  ['?', 'help'],
])('%s is the command %s', (key, command) => {
  expect(commandOf(press(key), 'page')).toBe(command);
});

it('leaves other keys and combinations to the browser', () => {
  expect(commandOf(press('x'), 'page')).toBeNull();
  for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
    expect(commandOf(press('a', held), 'page')).toBeNull();
  }
});

it('leaves every key to a text field, and Enter and arrows to controls', () => {
  for (const key of Object.values(KEYS).flat())
    expect(commandOf(press(key), 'text field')).toBeNull();
  expect(commandOf(press('Enter'), 'control')).toBeNull();
  expect(commandOf(press('ArrowRight'), 'control')).toBeNull();
  expect(commandOf(press('a'), 'control')).toBe('accept');
});

it('has no key twice', () => {
  const keys = COMMANDS.flatMap((command) => KEYS[command]);
  expect(new Set(keys).size).toBe(keys.length);
});
