import type { WriteAt } from '../write/weight-files.js';

/** A range of rows in a matrix that is stored transposed, [columns, matrixRows]. */
interface BlockShape {
  readonly rows: number;
  readonly columns: number;
  readonly matrixRows: number;
  /** Byte offset of the first value of the first row. */
  readonly offset: number;
}

/** Collects rows and writes them as columns. */
interface TransposedBlock<T> {
  /** Buffer and start index for the next row. */
  nextRow(): { readonly line: T; readonly start: number };
  finish(): void;
}

/** 64 MiB: all matrices except the output head of large models fit in one block and are written with one call. */
const BLOCK_BYTES = 64 << 20;

/** Rows transposed together. A cache line has 64 bytes, so 64 int8 rows fill whole lines of the transposed block. */
const TILE_ROWS = 64;

/** Padding per row: without it, the rows of a tile compete for the same cache sets. */
const PADDING = 64;

/** @param blockBytes size of the buffer; it contains at least one row. */
export function createTransposedBlock<T extends Float32Array | Int8Array>(
  ArrayType: new (length: number) => T,
  { rows, columns, matrixRows, offset }: BlockShape,
  write: WriteAt,
  blockBytes = BLOCK_BYTES,
): TransposedBlock<T> {
  const tile = new ArrayType(TILE_ROWS * (columns + PADDING));
  const bytesPerValue = tile.BYTES_PER_ELEMENT;
  const maxRows = Math.max(1, Math.floor(blockBytes / (columns * bytesPerValue)));
  const block = new ArrayType(Math.min(rows, maxRows) * columns);
  let written = 0; // rows written to the file
  let width = Math.min(rows, maxRows); // rows of the current block
  let transposed = 0; // rows transposed into the block
  let filled = 0; // rows in the tile

  const transposeTile = (): void => {
    transpose(tile, columns + PADDING, filled, block, width, transposed, columns);
    transposed += filled;
    filled = 0;
    if (transposed < width) return;
    writeBlock(block.subarray(0, width * columns), offset + written * bytesPerValue);
    written += width;
    transposed = 0;
    width = Math.min(rows - written, maxRows);
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
      if (filled === TILE_ROWS || transposed + filled === width) transposeTile();
      return { line: tile, start: filled++ * (columns + PADDING) };
    },
    finish: () => {
      if (filled > 0) transposeTile();
    },
  };
}

/** Copies rows 0 to `count - 1` of `from` to the columns from `first` of `to` [columns, width]. */
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
