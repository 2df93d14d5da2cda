import type { TensorHeader } from '../checkpoint/safetensors.js';

/** Values per block of rows: 16 MiB as float32. */
const BLOCK_VALUES = 1 << 22;

/** Blocks start at multiples of this, so that packed words, which hold up to 8 rows, are never split. */
const ROW_MULTIPLE = 8;

/** A weight matrix [rows, columns] that is read in blocks of rows. Memory does not depend on its size. */
export interface MatrixSource {
  /** The tensor with the values, for error messages. */
  readonly tensor: TensorHeader;
  readonly rows: number;
  readonly columns: number;
  /** @param start multiple of 8. @returns rows `start` to `start + count`, overwritten by the next call. */
  readRows(start: number, count: number): RowBlock;
}

/** Consecutive rows of a matrix. */
export interface RowBlock {
  /** [count, columns] float32. */
  readonly values: Float32Array;
  /** The integers of which the values were computed. `null` if there are none, or their groups are not contiguous. */
  readonly levels: LevelBlock | null;
}

/** Integer rows: `value = (level - zero point) * scale`. */
export interface LevelBlock {
  readonly bits: 4 | 8;
  /** Columns that share a scale and a zero point. */
  readonly groupSize: number;
  /** [count, columns] */
  readonly levels: Uint8Array;
  /** [count, groups] */
  readonly scales: Float32Array;
  /** [count, groups] */
  readonly zeroPoints: Uint8Array;
  /** `middle`: all zero points are 2^(bits - 1). */
  readonly kind: 'middle' | 'stored';
}

/** [rows, ...] as a matrix: the other dimensions are flattened to columns. */
export function matrixSize(shape: readonly number[]): { rows: number; columns: number } {
  const [rows = 1, ...rest] = shape;
  return { rows, columns: rest.reduce((product, size) => product * size, 1) };
}

/** Rows of a block, except the last one of a matrix. */
export function blockRowsOf(columns: number, rows: number): number {
  const fitting = Math.floor(BLOCK_VALUES / Math.max(1, columns));
  return Math.min(rows, Math.max(ROW_MULTIPLE, fitting - (fitting % ROW_MULTIPLE)));
}
