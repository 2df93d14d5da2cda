import { invalidModel } from '../../package/invalid-model.js';

/** Range of symmetric int8: -127 to 127. */
const INT8_LIMIT = 127;

/** Smaller rows count as zero: their scale would be a float32 subnormal. Trained rows are larger. */
const SMALLEST_MAGNITUDE = 1e-30;

/** Clears the sign bit of a float32. The remaining bit patterns sort like the absolute values. */
const MAGNITUDE_BITS = 0x7fffffff;

const pattern = new Uint32Array(1);
const number = new Float32Array(pattern.buffer);

/**
 * Symmetric int8 quantization of one row: `value ≈ quantized * scale`, with an error of at most scale / 2.
 *
 * @param values contains the row at `begin` to `begin + columns`.
 * @param quantized receives the row at `start`.
 * @returns the scale: absolute maximum / 127, or 1 for a row of zeros.
 * @throws MODEL_INVALID if a value is NaN or infinite.
 */
export function quantizeRow(
  values: Float32Array,
  begin: number,
  columns: number,
  quantized: Int8Array,
  start: number,
): number {
  const largest = findMagnitude(values, begin, begin + columns);
  if (largest < SMALLEST_MAGNITUDE) {
    quantized.fill(0, start, start + columns);
    return 1;
  }
  const scale = Math.fround(largest / INT8_LIMIT);
  // The offset makes the values positive, so that truncation rounds half up; it is faster than Math.round.
  for (let i = 0; i < columns; i++) {
    quantized[start + i] = (((values[begin + i] ?? 0) / scale + 128.5) | 0) - 128;
  }
  return scale;
}

/** Absolute maximum of the values from `begin` to `end`. @throws MODEL_INVALID if a value is NaN or infinite */
export function findMagnitude(values: Float32Array, begin: number, end: number): number {
  const patterns = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let largest = 0;
  for (let i = begin; i < end; i++) {
    const magnitude = (patterns[i] ?? 0) & MAGNITUDE_BITS;
    if (magnitude > largest) largest = magnitude;
  }
  pattern[0] = largest;
  const magnitude = number[0] ?? 0;
  if (!Number.isFinite(magnitude)) throw invalidModel('a weight is NaN or infinite');
  return magnitude;
}
