import type { IntegerQuantization } from '../checkpoint/architecture.js';
import type { TensorRole } from '../checkpoint/weight-parts.js';
import { type StoredTensor, invalidTensor } from '../checkpoint/safetensors.js';
import { createLevelReaders, readGroups } from './integer-layouts.js';
import { type MatrixSource, blockRowsOf, matrixSize } from './matrix-source.js';

/**
 * A matrix of integers (GPTQ, AWQ, compressed-tensors) as a source of rows. The values are `(level - zero point) *
 * scale` in float32, which is exact for float16 scales.
 *
 * @param shape [rows, columns]
 * @throws MODEL_INVALID if shapes or data types differ; when rows are read, also if a scale is NaN or infinite, or a
 *   zero point is not the middle although the configuration says so.
 */
export function createIntegerSource(
  parts: ReadonlyMap<TensorRole, StoredTensor>,
  shape: readonly number[],
  quantization: IntegerQuantization,
): MatrixSource {
  const { rows, columns } = matrixSize(shape);
  const { bits, zeroPoints: kind } = quantization;
  const groupSize = Math.min(quantization.groupSize ?? columns, columns);
  const groups = Math.ceil(columns / groupSize);
  const size = { rows, columns, groups };
  const readers = createLevelReaders(parts, size, quantization);
  const blockRows = blockRowsOf(columns, rows);
  let buffers: ReturnType<typeof allocate> | undefined;
  let groupOf: Uint32Array | null | undefined;
  return {
    tensor: readers.tensor,
    rows,
    columns,
    readRows: (start, count) => {
      buffers ??= allocate(blockRows, columns, groups);
      const values = buffers.values.subarray(0, count * columns);
      const levels = buffers.levels.subarray(0, count * columns);
      const scales = buffers.scales.subarray(0, count * groups);
      const zeroPoints = buffers.zeroPoints.subarray(0, count * groups);
      readers.readLevels(levels, start, count);
      readers.readScales(scales, start, count);
      if (readers.readZeroPoints) {
        readers.readZeroPoints(zeroPoints, start, count);
        if (kind === 'middle') checkMiddle(zeroPoints, bits, readers.tensor);
      } else zeroPoints.fill(2 ** (bits - 1));
      if (groupOf === undefined) groupOf = readGroups(parts, size, groupSize);
      const block = { bits, groupSize, levels, scales, zeroPoints, kind };
      if (groupOf) dequantizeScattered(block, groupOf, groups, values);
      else dequantize(block, columns, groups, values);
      return { values, levels: groupOf ? null : block };
    },
  };
}

function allocate(blockRows: number, columns: number, groups: number) {
  return {
    values: new Float32Array(blockRows * columns),
    levels: new Uint8Array(blockRows * columns),
    scales: new Float32Array(blockRows * groups),
    zeroPoints: new Uint8Array(blockRows * groups),
  };
}

function checkMiddle(zeroPoints: Uint8Array, bits: number, tensor: StoredTensor): void {
  const middle = 2 ** (bits - 1);
  const other = zeroPoints.find((point) => point !== middle);
  if (other !== undefined) {
    throw invalidTensor(
      tensor,
      `must have the zero points ${middle} because quantization_config is symmetric, found ${other}`,
    );
  }
}

interface Levels {
  readonly groupSize: number;
  readonly levels: Uint8Array;
  readonly scales: Float32Array;
  readonly zeroPoints: Uint8Array;
}

function dequantize(
  { groupSize, levels, scales, zeroPoints }: Levels,
  columns: number,
  groups: number,
  values: Float32Array,
): void {
  let position = 0;
  for (let group = 0; group < scales.length; group++) {
    const scale = scales[group] ?? 0;
    const zeroPoint = zeroPoints[group] ?? 0;
    // The last group of a row may be incomplete.
    const end =
      (group + 1) % groups === 0 ? ((group + 1) / groups) * columns : position + groupSize;
    for (; position < end; position++) {
      values[position] = ((levels[position] ?? 0) - zeroPoint) * scale;
    }
  }
}

function dequantizeScattered(
  { levels, scales, zeroPoints }: Levels,
  groupOf: Uint32Array,
  groups: number,
  values: Float32Array,
): void {
  const columns = groupOf.length;
  for (let row = 0, i = 0; i < values.length; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const group = row * groups + (groupOf[column] ?? 0);
      values[i] = ((levels[i] ?? 0) - (zeroPoints[group] ?? 0)) * (scales[group] ?? 0);
    }
  }
}
