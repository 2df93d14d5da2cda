/** A text that a spreadsheet may take for a formula, also behind apostrophes that were there before. */
const FORMULA = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/**
 * Makes a cell safe for spreadsheets: one that begins like a formula gets an apostrophe in front. `restoreCell`
 * reverses it for every text.
 */
export function protectCell(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** The text of a cell that `protectCell` wrote, or that a person typed. */
export function restoreCell(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
