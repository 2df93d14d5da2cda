import { stringify } from 'csv-stringify/sync';

/** Cells that some readers trim, or whose line breaks they take for the end of the row. */
const MUST_QUOTE = /^\s|\s$|[\r\n]/;

/** A row of CSV (RFC 4180) with its line break. */
export function toCsvRow(cells: readonly string[]): string {
  return stringify([[...cells]], { record_delimiter: 'windows', quoted_match: MUST_QUOTE });
}
