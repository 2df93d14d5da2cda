import { dirname, extname } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { itemLocation } from './item-location.js';
import type { ListedEntry, ListOptions, SourceEntry, TableSpec } from './source.js';
import { findColumns, type TableColumns } from './table-columns.js';
import { readRows, type TableFormat, type TableRow } from './table-rows.js';
import { openTextFile, rowAfter, rowCursor } from './text-file.js';

/** Records whose values tell the column of the paths, if no name does. */
const SAMPLE_RECORDS = 20;

const FORMATS: Readonly<Record<string, TableFormat>> = {
  '.tsv': 'tsv',
  '.tab': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/** The format of a table by the extension of its file. */
function tableFormat(path: string): TableFormat {
  return FORMATS[extname(path).toLowerCase()] ?? 'csv';
}

/**
 * Lists the records of a table in the order of its rows. Whether the files exist is found out when they are opened. An
 * identifier may occur twice: the names of a million records are not held in memory.
 *
 * @throws NOT_FOUND, FORBIDDEN, STORAGE_UNAVAILABLE for the table; INVALID_REQUEST if it has no header, no column of
 *   paths, a row that cannot be parsed, or has changed since the cursor; INVALID_PARAMETER for unknown columns,
 *   encodings and cursors; the signal's reason
 */
export async function* listTable(
  spec: TableSpec,
  { after, signal }: ListOptions,
): AsyncGenerator<ListedEntry> {
  const file = await openTextFile(spec.path, spec.encoding);
  const last = rowAfter(after, file);
  const folder = dirname(spec.path);
  let columns: TableColumns | undefined;
  const waiting: TableRow[] = [];
  const rows = readRows(file, spec.format ?? tableFormat(spec.path), spec.delimiter);

  function* list(row: TableRow, { identifier, location }: TableColumns): Generator<ListedEntry> {
    if (row.row <= last) return;
    yield { ...toEntry(row, identifier, location, folder), cursor: rowCursor(file, row.row) };
  }

  for await (const row of rows) {
    signal?.throwIfAborted();
    if (columns !== undefined) yield* list(row, columns);
    else if (waiting.push(row) === SAMPLE_RECORDS) {
      columns = chooseColumns(waiting, spec);
      for (const each of waiting) yield* list(each, columns);
    }
  }
  if (columns !== undefined || waiting.length === 0) return;
  columns = chooseColumns(waiting, spec);
  for (const each of waiting) yield* list(each, columns);
}

function chooseColumns(rows: readonly TableRow[], spec: TableSpec): TableColumns {
  const sample = rows.flatMap((row) => ('record' in row ? [row.record] : []));
  const [first] = rows;
  if (sample.length === 0 && first !== undefined && 'problem' in first) {
    throw new SalamandraError('INVALID_REQUEST', `The table has no records. ${first.problem}`);
  }
  // Objects of JSON Lines need not have the same keys.
  const names = [...new Set(sample.flatMap((record) => Object.keys(record)))];
  return findColumns(names, sample, spec);
}

function toEntry(
  row: TableRow,
  identifierColumn: string,
  locationColumn: string,
  folder: string,
): SourceEntry {
  if ('problem' in row) return invalidRecord(row.row, row.problem);
  const { record } = row;
  const identifier = (record[identifierColumn] ?? '').trim();
  const location = itemLocation((record[locationColumn] ?? '').trim(), folder);
  if (identifier === '') {
    return invalidRecord(row.row, `Row ${row.row} has no value in the column of the identifier.`);
  }
  if (location === null) {
    return invalidRecord(row.row, `Row ${row.row} (${shorten(identifier)}) names no file or URL.`);
  }
  return { item: { identifier, location, record } };
}

function invalidRecord(row: number, reason: string): SourceEntry {
  return { skipped: { entry: `row ${row}`, code: 'INVALID_RECORD', reason, count: 1 } };
}

function shorten(identifier: string): string {
  return JSON.stringify(identifier.slice(0, 80));
}
