import type { StoredTensor } from '../checkpoint/safetensors.js';

/** Reads rows `start` to `start + count` of a matrix; `start` is a multiple of 8. */
export type ReadRows<T> = (target: T, start: number, count: number) => void;

/** Columns that are unpacked together, so that the writes of a row fill a cache line. */
const TILE_COLUMNS = 64;

/** Unpacks unsigned integers, the first in the lowest bits. @param levels as many as are needed */
export function unpackWords(words: Uint32Array, bits: 4 | 8, levels: Uint8Array): void {
  const perWord = 32 / bits;
  const mask = 2 ** bits - 1;
  for (let i = 0; i < levels.length; i++) {
    levels[i] = ((words[Math.floor(i / perWord)] ?? 0) >>> ((i % perWord) * bits)) & mask;
  }
}

/** Reads [rows, columns] from words [columns / n, rows], each with n consecutive columns of a row. */
export function createColumnWordReader(
  tensor: StoredTensor,
  bits: 4 | 8,
  columns: number,
): ReadRows<Uint8Array> {
  const perWord = 32 / bits;
  const [mask, readTile] = [2 ** bits - 1, createTileReader(tensor)];
  return (levels, start, count) => {
    for (let first = 0; first < columns; first += TILE_COLUMNS) {
      const end = Math.min(first + TILE_COLUMNS, columns);
      const height = Math.ceil((end - first) / perWord);
      const words = readTile({ first: first / perWord, height, start, count });
      for (let row = 0; row < count; row++) {
        for (let column = first; column < end; column++) {
          const offset = column - first;
          const word = words[Math.floor(offset / perWord) * count + row] ?? 0;
          levels[row * columns + column] = (word >>> ((offset % perWord) * bits)) & mask;
        }
      }
    }
  };
}

/** How a word holds the numbers of consecutive rows. */
interface RowPacking {
  readonly bits: 4 | 8;
  /** The row of each number, lowest bits first. */
  readonly order: readonly number[];
  /** Added to each number, modulo 2^bits. */
  readonly added: number;
}

/** Reads [rows, lines] from words [lines, rows / n], each with n consecutive rows. */
export function createRowWordReader(
  tensor: StoredTensor,
  { bits, order, added }: RowPacking,
): ReadRows<Uint8Array> {
  const [lines = 0] = tensor.shape;
  const perWord = order.length;
  const [mask, readTile] = [2 ** bits - 1, createTileReader(tensor)];
  return (target, start, count) => {
    const width = Math.ceil(count / perWord);
    for (let first = 0; first < lines; first += TILE_COLUMNS) {
      const height = Math.min(TILE_COLUMNS, lines - first);
      const words = readTile({ first, height, start: start / perWord, count: width });
      for (let row = 0; row < count; row++) {
        const word = Math.floor(row / perWord);
        const shift = order.indexOf(row % perWord) * bits;
        const begin = row * lines + first;
        for (let line = 0; line < height; line++) {
          const value = ((words[line * width + word] ?? 0) >>> shift) + added;
          target[begin + line] = value & mask;
        }
      }
    }
  };
}

interface Tile {
  readonly first: number;
  readonly height: number;
  readonly start: number;
  readonly count: number;
}

/** Reads a part [height, count] of a matrix of words. The result is overwritten by the next call. */
function createTileReader(tensor: StoredTensor): (tile: Tile) => Uint32Array {
  const [, width = 0] = tensor.shape;
  let buffer = new Uint32Array();
  return ({ first, height, start, count }) => {
    if (buffer.length < height * count) buffer = new Uint32Array(height * count);
    const bytes = new Uint8Array(buffer.buffer);
    if (count === width) {
      tensor.read(bytes.subarray(0, height * width * 4), first * width * 4);
      return buffer;
    }
    for (let line = 0; line < height; line++) {
      const target = bytes.subarray(line * count * 4, (line + 1) * count * 4);
      tensor.read(target, ((first + line) * width + start) * 4);
    }
    return buffer;
  };
}
