import { readFiniteValues, checkFinite, createValueReader } from '../checkpoint/float-formats.js';
import { type StoredTensor, invalidTensor } from '../checkpoint/safetensors.js';
import { type MatrixSource, blockRowsOf } from '../quantize/matrix-source.js';

/** The change of a weight [rows, columns] by LoRA: `scale * coefficients * directions`. */
export interface LowRankChange {
  readonly rank: number;
  readonly scale: number;
  /** B [rows, rank] of a matrix, or A [rank, rows] of an embedding. */
  readonly coefficients: StoredTensor;
  /** A [rank, columns] of a matrix, or B [columns, rank] of an embedding. */
  readonly directions: StoredTensor;
  readonly kind: 'matrix' | 'embedding';
  /** DoRA: the norm [rows] of each row after the change. `null` for LoRA. */
  readonly magnitudes: StoredTensor | null;
}

/**
 * Adds a change to the rows of a source while they are read. Like `merge_and_unload` of PEFT, but with one rounding to
 * float32. DoRA (https://arxiv.org/abs/2402.09353) then scales each row to its magnitude.
 *
 * @throws MODEL_INVALID, when rows are read, if a value is NaN or infinite.
 */
export function createLowRankSource(base: MatrixSource, change: LowRankChange): MatrixSource {
  const { rows, columns } = base;
  const { rank, magnitudes } = change;
  const readCoefficients = createCoefficientReader(change, rows, blockRowsOf(columns, rows));
  let directions: Float64Array | undefined;
  let norms: Float32Array | undefined;
  const sums = new Float64Array(columns);
  return {
    ...base,
    readRows: (start, count) => {
      directions ??= readDirections(change, columns);
      if (magnitudes) norms ??= readFiniteValues(magnitudes);
      const { values } = base.readRows(start, count);
      const coefficients = readCoefficients(start, count);
      for (let row = 0; row < count; row++) {
        const line = values.subarray(row * columns, (row + 1) * columns);
        sums.set(line);
        addProducts(sums, coefficients.subarray(row * rank, (row + 1) * rank), directions);
        if (magnitudes) scaleTo(norms?.[start + row] ?? 0, sums, magnitudes);
        line.set(sums);
      }
      return { values, levels: null };
    },
  };
}

/** @returns a function that reads `scale * coefficients` of rows as [count, rank] */
function createCoefficientReader(
  { rank, scale, coefficients, kind }: LowRankChange,
  rows: number,
  blockRows: number,
): (start: number, count: number) => Float64Array {
  const read = createValueReader(coefficients, blockRows * (kind === 'matrix' ? rank : 1));
  const scaled = new Float64Array(blockRows * rank);
  return (start, count) => {
    if (kind === 'matrix') {
      const values = read(start * rank, count * rank);
      checkFinite(coefficients, values, start * rank);
      for (let i = 0; i < values.length; i++) scaled[i] = scale * (values[i] ?? 0);
      return scaled;
    }
    for (let k = 0; k < rank; k++) {
      const values = read(k * rows + start, count);
      checkFinite(coefficients, values, k * rows + start);
      for (let row = 0; row < count; row++) scaled[row * rank + k] = scale * (values[row] ?? 0);
    }
    return scaled;
  };
}

/** @returns [rank, columns] */
function readDirections({ rank, directions, kind }: LowRankChange, columns: number): Float64Array {
  const stored = readFiniteValues(directions);
  if (kind === 'matrix') return Float64Array.from(stored);
  const transposed = new Float64Array(rank * columns);
  for (let column = 0; column < columns; column++) {
    for (let k = 0; k < rank; k++) {
      transposed[k * columns + column] = stored[column * rank + k] ?? 0;
    }
  }
  return transposed;
}

/** Adds `coefficients` [rank] times `directions` [rank, columns]. Four at once, to load and store each sum once. */
function addProducts(
  sums: Float64Array,
  coefficients: Float64Array,
  directions: Float64Array,
): void {
  const columns = sums.length;
  let k = 0;
  for (; k + 4 <= coefficients.length; k += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = coefficients.subarray(k, k + 4);
    const [first, second] = [k * columns, (k + 1) * columns];
    const [third, fourth] = [(k + 2) * columns, (k + 3) * columns];
    for (let i = 0; i < columns; i++) {
      sums[i] =
        (sums[i] ?? 0) +
        a * (directions[first + i] ?? 0) +
        b * (directions[second + i] ?? 0) +
        c * (directions[third + i] ?? 0) +
        d * (directions[fourth + i] ?? 0);
    }
  }
  for (; k < coefficients.length; k++) {
    const factor = coefficients[k] ?? 0;
    const begin = k * columns;
    for (let i = 0; i < columns; i++) {
      sums[i] = (sums[i] ?? 0) + factor * (directions[begin + i] ?? 0);
    }
  }
}

/** Scales a row to the norm `magnitude`. */
function scaleTo(magnitude: number, row: Float64Array, magnitudes: StoredTensor): void {
  let squares = 0;
  for (const value of row) squares += value * value;
  if (squares === 0) {
    throw invalidTensor(
      magnitudes,
      'cannot be applied: a row of the weight is zero after the merge',
    );
  }
  const factor = magnitude / Math.sqrt(squares);
  for (let i = 0; i < row.length; i++) row[i] = (row[i] ?? 0) * factor;
}
