/**
 * The cell that a key moves to: arrows, Home and End.
 *
 * @returns its index, or `null` for other keys and beyond the edges.
 */
export function moveInGrid(
  key: string,
  index: number,
  { columns, total }: { readonly columns: number; readonly total: number },
): number | null {
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns,
    // From the last but one row, a shorter last row is reached as well.
    ArrowDown: index + columns < total ? index + columns : lastBelow(index, columns, total),
    Home: 0,
    End: total - 1,
  };
  const next = moves[key];
  return next === undefined || next < 0 || next >= total || next === index ? null : next;
}

function lastBelow(index: number, columns: number, total: number): number {
  const isInLastRow = Math.floor(index / columns) === Math.floor((total - 1) / columns);
  return isInLastRow ? index : total - 1;
}
