import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';

import { invalidModel } from '../models/package/invalid-model.js';

/** Bytes of the float32 scale after a row of int8 values. */
export const SCALE_BYTES = 4;

const READ_AHEAD_BYTES = 4 << 20;

/** A file of rows of equal size. It stays open until `close`. */
export interface TableFile {
  /** Reads one row into `row`. @throws MODEL_INVALID if the file ends early. */
  read(index: number, row: Uint8Array): void;
  close(): void;
}

/**
 * Opens a table for random access. The page cache of the operating system keeps the rows in use.
 *
 * @param contents name of the rows in error messages.
 * @throws MODEL_INVALID if the file cannot be opened or has another size.
 */
export function openTableFile(
  path: string,
  { rows, rowBytes }: { readonly rows: number; readonly rowBytes: number },
  contents: string,
): TableFile {
  const file = openFile(path, contents);
  const { size } = fstatSync(file);
  if (size !== rows * rowBytes) {
    closeSync(file);
    throw invalidModel(
      `${basename(path)} (${contents}) has ${size} bytes; the manifest says ${rows * rowBytes}`,
    );
  }
  return {
    read(index, row) {
      if (readSync(file, row, 0, rowBytes, index * rowBytes) !== rowBytes) {
        throw invalidModel(`${basename(path)} (${contents}) ends before row ${index}`);
      }
    },
    close: () => {
      closeSync(file);
    },
  };
}

/**
 * Reads a file once, so that the page cache contains it. A row from the disk takes at least ten times as long as one
 * from the page cache, and a decode step reads up to 64 head rows.
 */
export async function fillPageCache(path: string): Promise<void> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(READ_AHEAD_BYTES);
    while ((await file.read(bytes)).bytesRead > 0);
  } finally {
    await file.close();
  }
}

function openFile(path: string, contents: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw invalidModel(`${basename(path)} (${contents}) cannot be opened`, cause);
  }
}
