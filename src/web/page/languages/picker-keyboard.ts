/**
 * Handles a key of the language picker.
 *
 * - Search field: Enter selects the best match, Down moves the focus to the list.
 * - List: Up, Down, Home and End move between rows, and Up from the first row to the search field. Left and Right move
 *   between the checkbox and the star of a row. Enter works like Space. Letters go to the search field.
 *
 * @param selectBestMatch called for Enter in the search field.
 */
export function handlePickerKey(
  event: KeyboardEvent & { readonly currentTarget: HTMLElement },
  search: HTMLInputElement | null,
  selectBestMatch: () => void,
): void {
  const target = event.target as HTMLElement;
  const isInSearch = target === search;
  if (isInSearch && event.key === 'Enter') {
    selectBestMatch();
  } else if (isInSearch ? event.key === 'ArrowDown' : target.closest('li')) {
    if (!handleListKey(event, target, search)) return;
  } else {
    return;
  }
  event.preventDefault();
}

/** @returns whether the key was handled. */
function handleListKey(
  { key, currentTarget, ctrlKey, metaKey, altKey }: KeyboardEvent & { currentTarget: HTMLElement },
  target: HTMLElement,
  search: HTMLInputElement | null,
): boolean {
  const boxes = [...currentTarget.querySelectorAll<HTMLInputElement>('li input')];
  const row = target.closest('li');
  const box = row?.querySelector('input');
  const at = box ? boxes.indexOf(box) : -1;
  switch (key) {
    case 'ArrowDown':
      (boxes[at + 1] ?? boxes.at(-1))?.focus();
      return true;
    case 'ArrowUp':
      (boxes[at - 1] ?? search)?.focus();
      return true;
    case 'Home':
      boxes[0]?.focus();
      return true;
    case 'End':
      boxes.at(-1)?.focus();
      return true;
    case 'ArrowRight':
      row?.querySelector('button')?.focus();
      return true;
    case 'ArrowLeft':
      box?.focus();
      return true;
    case 'Enter':
      target.click();
      return true;
    default:
      // The default action stays: the search field, now focused, receives the letter.
      if (key.length === 1 && key !== ' ' && !ctrlKey && !metaKey && !altKey) search?.focus();
      return false;
  }
}
