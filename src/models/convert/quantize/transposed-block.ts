import type { WriteAt } from '../write/weight-files.js';

/** The part of a transposed matrix [columns, matrixRows] that some of its rows make. */
interface BlockShape {
  readonly rows: number;
  readonly columns: number;
  readonly matrixRows: number;
  /** Of the first value of the first row. */
  readonly offset: number;
}

/** Takes rows one by one and writes them as columns. */
interface TransposedBlock<T> {
  /** Where the next row is to be put: in `line`, from `start` on. */
  nextRow(): { readonly line: T; readonly start: number };
  finish(): void;
}

/** Held at once: every matrix but the head of a large model fits, and is then written in one piece. */
const BLOCK_BYTES = 64 << 20;

/**
 * Rows that are turned together. A line of the processor's cache holds 64 bytes: with as many rows, what is
 * written to one line comes at once.
 */
const TILE_ROWS = 64;

/** Keeps the rows of a tile from falling on the same few places of the processor's cache. */
const PADDING = 64;

/** @param blockBytes how much is held at once, one row at least. */
export function createTransposedBlock<T extends Float32Array | Int8Array>(
  ArrayType: new (length: number) => T,
  { rows, columns, matrixRows, offset }: BlockShape,
  write: WriteAt,
  blockBytes = BLOCK_BYTES,
): TransposedBlock<T> {
  const tile = new ArrayType(TILE_ROWS * (columns + PADDING));
  const bytesPerValue = tile.BYTES_PER_ELEMENT;
  const mostRows = Math.max(1, Math.floor(blockBytes / (columns * bytesPerValue)));
  const block = new ArrayType(Math.min(rows, mostRows) * columns);
  let written = 0; // rows that are in the file
  let width = Math.min(rows, mostRows); // of the block at hand
  let turned = 0; // rows of the block that are in it
  let filled = 0; // rows of the tile

  const turn = (): void => {
    transpose(tile, columns + PADDING, filled, block, width, turned, columns);
    turned += filled;
    filled = 0;
    if (turned < width) return;
    writeBlock(block.subarray(0, width * columns), offset + written * bytesPerValue);
    written += width;
    turned = 0;
    width = Math.min(rows - written, mostRows);
  };
  const writeBlock = (values: Float32Array | Int8Array, position: number): void => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    if (width === matrixRows) {
      write(bytes, position);
      return;
    }
    const lineBytes = width * bytesPerValue;
    for (let column = 0; column < columns; column++) {
      const line = bytes.subarray(column * lineBytes, (column + 1) * lineBytes);
      write(line, position + column * matrixRows * bytesPerValue);
    }
  };
  return {
    nextRow: () => {
      if (filled === TILE_ROWS || turned + filled === width) turn();
      return { line: tile, start: filled++ * (columns + PADDING) };
    },
    finish: () => {
      if (filled > 0) turn();
    },
  };
}

/** Rows 0 to `count` of `from` become columns `first` to `first + count` of `to` [columns, width]. */
function transpose(
  from: Float32Array | Int8Array,
  stride: number,
  count: number,
  to: Float32Array | Int8Array,
  width: number,
  first: number,
  columns: number,
): void {
  for (let column = 0; column < columns; column++) {
    const start = column * width + first;
    let source = column;
    for (let row = 0; row < count; row++) {
      to[start + row] = from[source] ?? 0;
      source += stride;
    }
  }
}
