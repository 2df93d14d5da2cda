import { pipeline, type Readable } from 'node:stream';

import { CsvError, type Options, parse } from 'csv-parse';
import { parse as parseSync } from 'csv-parse/sync';

import { MAX_RECORD_CHARACTERS } from '../../config/source-limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createColumnNamer } from './column-names.js';
import type { TableSpec } from './source.js';
import { looksLikeMedia } from './table-columns.js';
import { readLines, readText, type TextFile } from './text-file.js';

/** A row of a table: its cells by column, or why it is no record. */
export type TableRow =
  | { readonly row: number; readonly record: Readonly<Record<string, string>> }
  | { readonly row: number; readonly problem: string };

export type TableFormat = NonNullable<TableSpec['format']>;

/** The most frequent delimiters, in the order of preference. */
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** Rows and characters from which the delimiter is found. */
const SAMPLE_ROWS = 20;
const SAMPLE_CHARACTERS = 65_536;
/** Characters of a wrong line that its message repeats. */
const MAX_QUOTED = 40;

/** Quotes inside an unquoted cell, such as inches, are text. */
const OPTIONS: Options = {
  relax_column_count: true,
  relax_quotes: true,
  record_delimiter: ['\r\n', '\n', '\r'],
  max_record_size: MAX_RECORD_CHARACTERS,
};

/**
 * The rows of a table below its header, numbered as a spreadsheet numbers them: the header is row 1.
 *
 * @throws INVALID_REQUEST without a header, or from a row on that cannot be parsed
 */
export async function* readRows(
  file: TextFile,
  format: TableFormat,
  delimiter: string | undefined,
): AsyncGenerator<TableRow> {
  if (format === 'jsonl') yield* readObjects(file);
  else yield* readCells(file, delimiter ?? (format === 'tsv' ? '\t' : undefined));
}

async function* readCells(file: TextFile, given: string | undefined): AsyncGenerator<TableRow> {
  const { delimiter, rowsBefore } = await inspectStart(file, given);
  let row = 0;
  let columns: readonly string[] | undefined;
  for await (const cells of parseCells(file, delimiter)) {
    row += 1;
    if (row <= rowsBefore || (cells.length === 1 && cells[0]?.trim() === '')) continue;
    if (columns === undefined) {
      columns = nameColumns(cells);
      continue;
    }
    if (cells.length === columns.length) yield { row, record: toRecord(columns, cells) };
    else yield { row, problem: wrongCount(row, cells.length, columns.length) };
  }
  if (columns === undefined)
    throw noHeader(
      'It has no rows. Name the columns in the first row, one of them "path" or "url".',
    );
}

async function* parseCells(file: TextFile, delimiter: string): AsyncGenerator<string[]> {
  const parser: Readable = parse({ ...OPTIONS, delimiter });
  // Errors of either stream end the iteration below.
  pipeline(readText(file), parser as Readable & NodeJS.WritableStream, () => undefined);
  try {
    for await (const cells of parser) yield cells as string[];
  } catch (cause) {
    throw cause instanceof CsvError ? unreadableRow(cause) : cause;
  }
}

/** Finds the delimiter: the one that gives the most columns, the same number in each of the first rows. */
async function inspectStart(
  file: TextFile,
  given: string | undefined,
): Promise<{ delimiter: string; rowsBefore: number }> {
  const sample = await readSample(file);
  // A first line that Excel reads and writes.
  const [, declared] = /^sep=([^\r\n])\r?\n/i.exec(sample) ?? [];
  const rowsBefore = declared === undefined ? 0 : 1;
  if (given !== undefined && !/^[^"\r\n]$/u.test(given)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The delimiter ${JSON.stringify(given.slice(0, 20))} is not one character. Examples: "," and ";".`,
    );
  }
  const delimiter = given ?? declared ?? findDelimiter(sample);
  return { delimiter, rowsBefore };
}

async function readSample(file: TextFile): Promise<string> {
  let sample = '';
  for await (const text of readText(file)) {
    sample += text;
    if (sample.length >= SAMPLE_CHARACTERS) break;
  }
  return sample.slice(0, SAMPLE_CHARACTERS);
}

function findDelimiter(sample: string): string {
  let [best, most]: [string, number] = [DELIMITERS[0], 1];
  for (const delimiter of DELIMITERS) {
    const columns = countColumns(sample, delimiter);
    if (columns > most) [best, most] = [delimiter, columns];
  }
  return best;
}

/** Columns of the header; half of it if the first rows have other numbers, and 0 if they cannot be parsed. */
function countColumns(sample: string, delimiter: string): number {
  try {
    const rows = parseSync(sample, {
      ...OPTIONS,
      delimiter,
      to: SAMPLE_ROWS,
      skip_empty_lines: true,
    });
    const columns = rows[0]?.length ?? 0;
    // The last row may be cut off.
    return rows.slice(0, -1).every(({ length }) => length === columns) ? columns : columns / 2;
  } catch {
    return 0;
  }
}

function nameColumns(cells: readonly string[]): readonly string[] {
  if (cells.some(looksLikeMedia)) {
    throw noHeader('Its first row names a file or URL. Add a row with the names of the columns.');
  }
  const nameColumn = createColumnNamer();
  return cells.map((cell, index) => nameColumn(cell.trim() || `column ${index + 1}`));
}

function toRecord(columns: readonly string[], cells: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
}

/** JSON Lines: an object per line. Row 1 is the first line. */
async function* readObjects(file: TextFile): AsyncGenerator<TableRow> {
  let row = 0;
  for await (const line of readLines(file)) {
    row += 1;
    if (line.trim() === '') continue;
    const record = parseObject(line);
    if (record !== null) yield { row, record };
    else yield { row, problem: notAnObject(row, line) };
  }
}

function notAnObject(row: number, line: string): string {
  const start = JSON.stringify(line.slice(0, MAX_QUOTED));
  return `Line ${row} begins with ${start} and is not a JSON object. Write one object in each line, such as {"path": "a.jpg"}.`;
}

function parseObject(line: string): Record<string, string> | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toCell(each)]));
}

function toCell(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (Array.isArray(value)) return value.map(toCell).join('; ');
  return JSON.stringify(value);
}

function wrongCount(row: number, cells: number, columns: number): string {
  return `Row ${row} has ${cells} cells, and the header has ${columns} columns.`;
}

function noHeader(reason: string): SalamandraError {
  return new SalamandraError('INVALID_REQUEST', `The table has no header. ${reason}`);
}

const CSV_REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quotation mark is not closed',
  CSV_MAX_RECORD_SIZE: `a row is longer than ${MAX_RECORD_CHARACTERS} bytes, perhaps because a quotation mark is not closed`,
};

function unreadableRow(cause: CsvError): SalamandraError {
  const { records = 0 } = cause as CsvError & { records?: number };
  const reason = CSV_REASONS[cause.code] ?? 'it is not valid CSV';
  return new SalamandraError(
    'INVALID_REQUEST',
    `The table cannot be read behind row ${records}: ${reason}. Correct the table, or name its delimiter.`,
    { cause },
  );
}
