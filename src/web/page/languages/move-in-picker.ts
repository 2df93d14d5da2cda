/**
 * The picker's keys. In the search: Enter takes the best match, Down goes into the list. In the list: Up and Down, Home
 * and End go from row to row and, at the top, back to the search; Left and Right between a row's box and its star; Enter
 * does as Space; letters go to the search.
 *
 * @param takeBest chooses what matches best.
 */
export function moveInPicker(
  event: KeyboardEvent & { readonly currentTarget: HTMLElement },
  search: HTMLInputElement | null,
  takeBest: () => void,
): void {
  const target = event.target as HTMLElement;
  const isInSearch = target === search;
  if (isInSearch && event.key === 'Enter') {
    takeBest();
  } else if (isInSearch ? event.key === 'ArrowDown' : target.closest('li')) {
    if (!moveInList(event, target, search)) return;
  } else {
    return;
  }
  event.preventDefault();
}

/** @returns whether the key meant something here. */
function moveInList(
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
      // Not prevented: the search, now in focus, takes the letter.
      if (key.length === 1 && key !== ' ' && !ctrlKey && !metaKey && !altKey) search?.focus();
      return false;
  }
}
