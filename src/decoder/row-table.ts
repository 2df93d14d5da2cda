import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';

import { invalidModel } from '../models/package/invalid-model.js';

/** Bytes of the float32 behind a row of signed bytes, which each of them is multiplied with. */
export const SCALE_BYTES = 4;

const READ_AHEAD_BYTES = 4 << 20;

/** A file of rows of one size. It owns a file descriptor until `close`. */
export interface RowTable {
  /** Fills `row` with one of the rows. @throws MODEL_INVALID when the file ends early. */
  read(index: number, row: Uint8Array): void;
  close(): void;
}

/**
 * Opens a table that is read row by row: the system's page cache keeps what is asked for often.
 *
 * @param called what errors call its rows.
 * @throws MODEL_INVALID when the file cannot be opened or is not of the promised size.
 */
export function openRowTable(
  path: string,
  { rows, rowBytes }: { readonly rows: number; readonly rowBytes: number },
  called: string,
): RowTable {
  const file = openFile(path, called);
  if (fstatSync(file).size !== rows * rowBytes) {
    closeSync(file);
    throw invalidModel(`${called} are not of the size the manifest says`);
  }
  return {
    read(index, row) {
      if (readSync(file, row, 0, rowBytes, index * rowBytes) !== rowBytes) {
        throw invalidModel(`${called} end early`);
      }
    },
    close: () => {
      closeSync(file);
    },
  };
}

/**
 * Reads a table once from end to end, so that the page cache has it: a row that comes from
 * a disk takes ten times as long at best, and a token may ask for 64 of them.
 */
export async function readAhead(path: string): Promise<void> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(READ_AHEAD_BYTES);
    while ((await file.read(bytes)).bytesRead > 0);
  } finally {
    await file.close();
  }
}

function openFile(path: string, called: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw invalidModel(`${called} cannot be read`, cause);
  }
}
