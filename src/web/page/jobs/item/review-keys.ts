/** What the keyboard does in the view of an item, in the order of the list of shortcuts. */
export const COMMANDS = [
  'accept',
  'acceptAll',
  'edit',
  'reject',
  'undo',
  'regenerate',
  'next',
  'previous',
  'textDown',
  'textUp',
  'back',
  'help',
] as const;
export type Command = (typeof COMMANDS)[number];

/** The keys of each command, as they are printed on the keyboard. The first one is shown on buttons. */
export const KEYS: Readonly<Record<Command, readonly string[]>> = {
  accept: ['a'],
  acceptAll: ['A'],
  edit: ['e', 'Enter'],
  reject: ['r'],
  undo: ['u'],
  regenerate: ['g'],
  next: ['j', 'ArrowRight'],
  previous: ['k', 'ArrowLeft'],
  textDown: ['ArrowDown'],
  textUp: ['ArrowUp'],
  back: ['Escape'],
  help: ['?'],
};

/** Keys of the editor: save the text, and leave it. */
export const EDITOR_KEYS = { save: ['Ctrl', 'Enter'], leave: ['Escape'] } as const;

interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** Where the focus is: keys belong to text fields, and Enter and arrows to what uses them itself. */
export type KeyTarget = 'text field' | 'control' | 'page';

/** @returns the command of a key, or `null` if the key belongs to the focused element or the browser. */
export function commandOf(press: KeyPress, target: KeyTarget): Command | null {
  if (press.ctrlKey || press.metaKey || press.altKey || target === 'text field') return null;
  const command = COMMANDS.find((each) => KEYS[each].includes(press.key));
  if (command === undefined) return null;
  const isOfControl = press.key === 'Enter' || press.key.startsWith('Arrow');
  return target === 'control' && isOfControl ? null : command;
}
