/** A text that a spreadsheet may take for a formula, also behind apostrophes that were there before. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The text of a cell: exports put an apostrophe in front of what a spreadsheet would take for a formula. */
export function restoreCell(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
