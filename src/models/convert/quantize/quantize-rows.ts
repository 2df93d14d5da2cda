import { invalidModel } from '../../package/invalid-model.js';

/** Largest magnitude of a weight in eight bits, symmetric around zero. */
const INT8_LIMIT = 127;

/** Below it a scale would leave the range of float32; no trained row is that small. */
const SMALLEST_MAGNITUDE = 1e-30;

/** The bits of a float32 without its sign; such patterns are in the order of the magnitudes they stand for. */
const MAGNITUDE_BITS = 0x7fffffff;

const pattern = new Uint32Array(1);
const number = new Float32Array(pattern.buffer);

/**
 * Symmetric eight-bit quantisation of one row: `value ≈ quantized * scale`, off by half a scale at most.
 *
 * @param values the row stands from `begin` to `begin + columns`. @param quantized takes it, from `start` on.
 * @returns the scale; that of a row of zeros is 1.
 * @throws MODEL_INVALID when a value is no finite number.
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
  // Cutting off what is positive rounds to the nearest, halves up, and is faster than Math.round.
  for (let i = 0; i < columns; i++) {
    quantized[start + i] = (((values[begin + i] ?? 0) / scale + 128.5) | 0) - 128;
  }
  return scale;
}

/** The largest magnitude from `begin` to `end`. @throws MODEL_INVALID when a value is no finite number */
export function findMagnitude(values: Float32Array, begin: number, end: number): number {
  const patterns = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let largest = 0;
  for (let i = begin; i < end; i++) {
    const magnitude = (patterns[i] ?? 0) & MAGNITUDE_BITS;
    if (magnitude > largest) largest = magnitude;
  }
  pattern[0] = largest;
  const magnitude = number[0] ?? 0;
  if (!Number.isFinite(magnitude)) throw invalidModel('a weight is no finite number');
  return magnitude;
}
