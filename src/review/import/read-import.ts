import { SalamandraError } from '../../errors/salamandra-error.js';
import { readRows } from '../../jobs/sources/table-rows.js';
import { parseTextColumn } from '../../jobs/text-columns.js';
import { openTextFile, readLines, type TextFile } from '../../jobs/sources/text-file.js';
import { restoreCell } from '../spreadsheet-cells.js';
import { parseVersion, type TextVersion } from '../text-version.js';

/** A text of a file that is imported. */
export interface ImportedText {
  /** Row of the spreadsheet, or line. */
  readonly row: number;
  readonly identifier: string;
  readonly language: string;
  readonly kind: string;
  readonly segment?: { readonly startSeconds: number; readonly endSeconds: number };
  readonly text: string;
  /** What the export said about the text; undefined if the file does not tell. */
  readonly version?: TextVersion;
  readonly review?: string;
}

export type ImportEntry =
  ImportedText | { readonly row: number; readonly problem: string; readonly identifier?: string };

export type ImportFormat = 'csv' | 'jsonl';

/**
 * The texts of a CSV file in the long or wide layout, or of a file of JSON lines, as exports write them. Rows that
 * cannot be read are entries with a problem.
 *
 * @throws INVALID_REQUEST for a file without a column of identifiers or of texts, and the errors of `openTextFile`.
 */
export async function* readImport(path: string, format: ImportFormat): AsyncGenerator<ImportEntry> {
  const file = await openTextFile(path, undefined);
  if (format === 'jsonl') yield* readJsonLines(file);
  else yield* readTable(file);
}

type Cells = Readonly<Record<string, string>>;

async function* readTable(file: TextFile): AsyncGenerator<ImportEntry> {
  let parse: ((row: number, cells: Cells) => ImportEntry[]) | undefined;
  for await (const row of readRows(file, 'csv', undefined)) {
    if ('problem' in row) {
      yield row;
      continue;
    }
    parse ??= layoutOf(Object.keys(row.record));
    const cells = Object.entries(row.record).map(([name, cell]) => [name, restoreCell(cell)]);
    yield* parse(row.row, Object.fromEntries(cells) as Cells);
  }
}

/** How the rows of a table are read, by its columns. */
function layoutOf(columns: readonly string[]): (row: number, cells: Cells) => ImportEntry[] {
  const texts = columns.flatMap((name) => {
    const column = parseTextColumn(name);
    return column ? [{ name, ...column }] : [];
  });
  const isLong = ['language', 'kind', 'text'].every((name) => columns.includes(name));
  if (!columns.includes('identifier') || !(isLong || texts.length > 0)) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The table needs the column "identifier" and either "language", "kind" and "text", or columns such as "caption@ca".',
    );
  }
  if (isLong) {
    return (row, cells) => {
      const { language = '', kind = '', text = '' } = cells;
      return [toEntry(row, cells, { language, kind, text, prefix: '' })];
    };
  }
  return (row, cells) =>
    texts.map(({ name, language, kind }) =>
      toEntry(row, cells, { language, kind, text: cells[name] ?? '', prefix: `${name} ` }),
    );
}

interface TextCells extends Pick<ImportedText, 'language' | 'kind' | 'text'> {
  /** Of the columns that tell about the text. */
  readonly prefix: string;
}

function toEntry(row: number, cells: Cells, { prefix, ...text }: TextCells): ImportEntry {
  const { identifier = '', start = '', end = '' } = cells;
  const version = parseVersion(cells[`${prefix}revision`] ?? '');
  const review = cells[`${prefix}review`];
  const times = [start, end].map(toSeconds);
  if (times.some(Number.isNaN) || (start === '') !== (end === '')) {
    return { row, identifier, problem: '"start" and "end" must be seconds, or both empty.' };
  }
  const [startSeconds = 0, endSeconds = 0] = times;
  return {
    ...{ row, identifier, ...text },
    ...(start !== '' && { segment: { startSeconds, endSeconds } }),
    ...(version && { version }),
    ...(review !== undefined && { review }),
  };
}

/** Spreadsheets in many languages write a decimal comma. */
function toSeconds(cell: string): number {
  return /^\d+([.,]\d+)?$/.test(cell) ? Number(cell.replace(',', '.')) : cell === '' ? 0 : NaN;
}

interface JsonItem {
  readonly identifier?: unknown;
  readonly texts?: unknown;
  readonly results?: unknown;
}

/** An object per item with `texts`, or per text. */
async function* readJsonLines(file: TextFile): AsyncGenerator<ImportEntry> {
  let row = 0;
  for await (const line of readLines(file)) {
    row += 1;
    if (line.trim() === '') continue;
    const item = parseObject(line);
    if (!item || typeof item.identifier !== 'string') {
      yield { row, problem: 'The line is not a JSON object with "identifier".' };
      continue;
    }
    const texts = item.texts ?? item.results ?? ('text' in item ? [item] : []);
    for (const text of Array.isArray(texts) ? (texts as unknown[]) : [null]) {
      yield toJsonEntry(row, item.identifier, text);
    }
  }
}

function parseObject(line: string): JsonItem | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function toJsonEntry(row: number, identifier: string, value: unknown): ImportEntry {
  const given = isObject(value) ? (value as Readonly<Record<string, unknown>>) : {};
  const { language, kind, text, start, end, revision, review } = given;
  if (typeof language !== 'string' || typeof kind !== 'string' || typeof text !== 'string') {
    return { row, identifier, problem: 'A text needs "language", "kind" and "text" as strings.' };
  }
  const segment = isTime(start) && isTime(end) && { startSeconds: start, endSeconds: end };
  if (!segment && (start !== undefined || end !== undefined)) {
    return { row, identifier, problem: '"start" and "end" must be seconds.' };
  }
  const isKnown = typeof revision === 'string' || typeof revision === 'number';
  const version = isKnown ? parseVersion(String(revision)) : undefined;
  return {
    ...{ row, identifier, language, kind, text },
    ...(segment && { segment }),
    ...(version && { version }),
    ...(typeof review === 'string' && { review }),
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
