/** Where a popover stands in the element that it is positioned in, as style properties. */
export type Placement =
  | { readonly left: string; readonly top: string }
  | { readonly left: string; readonly bottom: string };

/** The popover's size, as its style sheet has it. */
const WIDTH = 240;
const HEIGHT = 260;

/** A place below an element, or above it where the window ends, within the width of the element around both. */
export function placeBeside(element: Element, around: Element): Placement {
  // Of a token that a line break divides, the first part.
  const box = element.getClientRects()[0] ?? element.getBoundingClientRect();
  const outer = around.getBoundingClientRect();
  const left = `${Math.max(0, Math.min(box.left - outer.left, outer.width - WIDTH))}px`;
  const isRoomBelow = box.bottom + HEIGHT <= innerHeight || box.top < HEIGHT;
  return isRoomBelow
    ? { left, top: `${box.bottom - outer.top}px` }
    : { left, bottom: `${outer.bottom - box.top}px` };
}
