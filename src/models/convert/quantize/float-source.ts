import {
  checkFloatFormat,
  createValueReader,
  readFiniteValues,
} from '../checkpoint/float-formats.js';
import { type StoredTensor, invalidTensor } from '../checkpoint/safetensors.js';
import { type MatrixSource, blockRowsOf, matrixSize } from './matrix-source.js';

/** Scales of an F8_E4M3 tensor. */
export interface FloatScale {
  readonly tensor: StoredTensor;
  /** Rows and columns of the blocks that share a scale; `null` for one scale, or one per row. */
  readonly block: readonly [rows: number, columns: number] | null;
}

/**
 * A float tensor as a source of rows.
 *
 * @param shape required shape of the tensor.
 * @throws MODEL_INVALID if shapes or data types differ.
 */
export function createFloatSource(
  tensor: StoredTensor,
  shape: readonly number[],
  scale: FloatScale | null,
): MatrixSource {
  checkShape(tensor, shape);
  checkFloatFormat(tensor);
  if (!scale && tensor.format === 'F8_E4M3') {
    throw invalidTensor(
      tensor,
      `has the type F8_E4M3 but no scale. Use the unquantized checkpoint`,
    );
  }
  const { rows, columns } = matrixSize(shape);
  const read = createValueReader(tensor, blockRowsOf(columns, rows) * columns);
  const multiply = scale ? createScaling(tensor, scale, rows, columns) : () => undefined;
  return {
    tensor,
    rows,
    columns,
    readRows: (start, count) => {
      const values = read(start * columns, count * columns);
      multiply(values, start, count);
      return { values, levels: null };
    },
  };
}

/** @throws MODEL_INVALID unless the tensor has the shape. */
export function checkShape(tensor: StoredTensor, shape: readonly number[]): void {
  if (tensor.shape.join() !== shape.join()) {
    throw invalidTensor(
      tensor,
      `must have the shape [${shape.join(', ')}], found [${tensor.shape.join(', ')}]`,
    );
  }
}

/** Multiplies rows `start` to `start + count` by their scales, which are read on first use. */
function createScaling(
  tensor: StoredTensor,
  { tensor: scale, block }: FloatScale,
  rows: number,
  columns: number,
): (values: Float32Array, start: number, count: number) => void {
  if (tensor.format !== 'F8_E4M3') {
    throw invalidTensor(tensor, `has a scale, so its type must be F8_E4M3, found ${tensor.format}`);
  }
  checkFloatFormat(scale);
  const found = scale.shape.reduce((product, size) => product * size, 1);
  const [height, width] = found === 1 ? [rows, columns] : (block ?? [1, columns]);
  const perRow = Math.ceil(columns / width);
  const expected = Math.ceil(rows / height) * perRow;
  if (found !== expected) {
    const single = block ? '' : '1 or ';
    throw invalidTensor(scale, `must have ${single}${expected} values, found ${found}`);
  }
  let scales: Float32Array | undefined;
  return (values, start, count) => {
    scales ??= readFiniteValues(scale);
    for (let row = 0; row < count; row++) {
      const first = Math.floor((start + row) / height) * perRow;
      for (let begin = 0; begin < columns; begin += width) {
        const factor = scales[first + begin / width] ?? 0;
        const end = row * columns + Math.min(begin + width, columns);
        for (let i = row * columns + begin; i < end; i++) values[i] = (values[i] ?? 0) * factor;
      }
    }
  };
}
