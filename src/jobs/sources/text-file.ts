import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

import { MAX_RECORD_CHARACTERS } from '../../config/source-limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { accessError } from './access-errors.js';
import { unescapeFileName } from './file-names.js';

const BYTE_ORDER_MARKS = [
  ['utf-8', Buffer.from('efbbbf', 'hex')],
  ['utf-16le', Buffer.from('fffe', 'hex')],
  ['utf-16be', Buffer.from('feff', 'hex')],
] as const;

/** Large enough that decoding a file of a gigabyte is not a matter of function calls. */
const READ_BYTES = 1 << 18;

/** A regular file that holds text. */
export interface TextFile {
  readonly path: Buffer;
  readonly encoding: string;
  /** Size and modification time. Cursors contain it: lines of a changed file are other records. */
  readonly version: string;
}

/**
 * Opens a text file and determines its encoding: the given one, that of its byte order mark, UTF-8 if all of its bytes
 * are valid, else Windows-1252, in which every byte is a character.
 *
 * @param path with the escapes of `escapeFileName`.
 * @param encoding a label of the WHATWG Encoding Standard.
 * @throws NOT_FOUND, FORBIDDEN, STORAGE_UNAVAILABLE; INVALID_REQUEST for a folder or device, and for UTF-16 without
 *   byte order mark; INVALID_PARAMETER for an unknown encoding
 */
export async function openTextFile(path: string, encoding: string | undefined): Promise<TextFile> {
  const name = unescapeFileName(path);
  try {
    if (!(await stat(name)).isFile()) throw notText('It is not a regular file.');
    const version = await fileVersion(name);
    return { path: name, encoding: checkEncoding(encoding) ?? (await detect(name)), version };
  } catch (error) {
    throw error instanceof SalamandraError ? error : accessError(error);
  }
}

/** The text of the file in pieces, without byte order mark. Invalid bytes become U+FFFD. */
export async function* readText({ path, encoding }: TextFile): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
      yield decoder.decode(chunk as Buffer, { stream: true });
    }
  } catch (error) {
    throw accessError(error);
  }
  yield decoder.decode();
}

/**
 * The lines of a text file, without their ends.
 *
 * @throws INVALID_REQUEST for a line of more than MAX_RECORD_CHARACTERS
 */
export async function* readLines(file: TextFile): AsyncGenerator<string> {
  let rest = '';
  for await (const text of readText(file)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
    if (rest.length > MAX_RECORD_CHARACTERS) throw tooLong();
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}

function checkEncoding(label: string | undefined): string | undefined {
  try {
    return label === undefined ? undefined : new TextDecoder(label).encoding;
  } catch {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The encoding ${JSON.stringify(label?.slice(0, 40))} is not known. Examples: utf-8, utf-16le, windows-1252, iso-8859-15, macintosh.`,
    );
  }
}

async function detect(path: Buffer): Promise<string> {
  const head = await readStart(path);
  const mark = BYTE_ORDER_MARKS.find(([, bytes]) => head.subarray(0, bytes.length).equals(bytes));
  if (mark !== undefined) return mark[0];
  if (head.includes(0)) {
    throw notText('It has zero bytes: name its encoding, for example utf-16le, if it is a text.');
  }
  return (await isValidUtf8(path)) ? 'utf-8' : 'windows-1252';
}

async function readStart(path: Buffer): Promise<Buffer> {
  const file: FileHandle = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1_024), 0, 1_024, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isValidUtf8(path: Buffer): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    if (!decodes(() => decoder.decode(chunk as Buffer, { stream: true }))) return false;
  }
  return decodes(() => decoder.decode());
}

function decodes(decode: () => unknown): boolean {
  try {
    decode();
    return true;
  } catch {
    return false;
  }
}

function notText(reason: string): SalamandraError {
  return new SalamandraError('INVALID_REQUEST', `The file is not a text file. ${reason}`);
}

function tooLong(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    `A line of the file has more than ${MAX_RECORD_CHARACTERS} characters. Check its format.`,
  );
}

/** Size and modification time. @throws errors of the operating system */
export async function fileVersion(path: Buffer): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  return `${size}-${Math.trunc(mtimeMs)}`;
}

/** A cursor of a file with one record per line, row or entry. */
export function rowCursor({ version }: Pick<TextFile, 'version'>, row: number): string {
  return `${row}@${version}`;
}

/**
 * The row of a cursor; 0 without one.
 *
 * @throws INVALID_REQUEST if the file has changed since, INVALID_PARAMETER for another text
 */
export function rowAfter(cursor: string | undefined, file: Pick<TextFile, 'version'>): number {
  if (cursor === undefined) return 0;
  const [, row, version] = /^(\d+)@(\d+-\d+)$/.exec(cursor) ?? [];
  if (row === undefined) {
    throw new SalamandraError('INVALID_PARAMETER', 'The cursor does not belong to a file.');
  }
  if (version !== file.version) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The file of the source has changed while the job was created from it. Create the job again.',
    );
  }
  return Number(row);
}
