import { setImmediate as yieldToEvents } from 'node:timers/promises';

import { invalidModel } from '../package/invalid-model.js';
import type { FilledFiles } from './filled-files.js';
import { createRowEncoder } from './row-encoders.js';
import { createValueReader, readValues } from './tensor-values.js';
import type { StoredTensor } from './weight-shard.js';
import type { WeightSlot } from './weight-slot.js';

/** Values that are read, widened and encoded at once: 16 MB as float32. */
const BLOCK_VALUES = 1 << 22;

/** Called between blocks; what it throws ends the work. */
export type OnBlock = (bytes: number) => void;

/** A weight of shape [rows, columns], read some rows at a time, into memory that is used again. */
export interface MatrixSource {
  readonly rows: number;
  readonly columns: number;
  /** @returns [count, columns] */
  readRows(start: number, count: number): Float32Array;
}

/** Writes a weight to all its slots. @throws MODEL_INVALID, STORAGE_FULL */
export async function encodeWeight(
  source: MatrixSource,
  slots: readonly WeightSlot[],
  files: FilledFiles,
  onBlock: OnBlock,
): Promise<void> {
  const { rows, columns } = source;
  const blockRows = blockRowsOf(columns, rows);
  const size = { rows, columns, blockRows };
  const encoders = slots.map(({ placement, file }) =>
    createRowEncoder(placement, size, files.writer(file)),
  );
  for (let start = 0; start < rows; start += blockRows) {
    const count = Math.min(blockRows, rows - start);
    const block = source.readRows(start, count);
    for (const encoder of encoders) encoder.add(block, count);
    onBlock(count / rows);
    await yieldToEvents();
  }
  for (const encoder of encoders) encoder.finish();
}

/**
 * A tensor of floats as the weight of a slot.
 *
 * @param scale of eight-bit floats: one for all, or one a row.
 * @throws MODEL_INVALID when the shape is another, or the format is none of floats.
 */
export function createFloatSource(
  tensor: StoredTensor,
  scale: StoredTensor | undefined,
  { tensor: name, shape }: WeightSlot,
): MatrixSource {
  if (tensor.shape.join() !== shape.join()) {
    throw invalidModel(`${name} should have the shape [${shape.join(', ')}]`);
  }
  const { rows, columns } = matrixSize(shape);
  const read = createValueReader(tensor, blockRowsOf(columns, rows) * columns);
  const readRows = (start: number, count: number) => read(start * columns, count * columns);
  if (!scale) return { rows, columns, readRows };

  const scales = readValues(scale);
  if (scales.length !== 1 && scales.length !== rows) {
    throw invalidModel(`the scales of ${name} are neither one nor one a row`);
  }
  return {
    rows,
    columns,
    readRows: (start, count) => {
      const values = readRows(start, count);
      for (let row = 0; row < count; row++) {
        const factor = scales[scales.length === 1 ? 0 : start + row] ?? 0;
        const end = (row + 1) * columns;
        for (let i = row * columns; i < end; i++) values[i] = (values[i] ?? 0) * factor;
      }
      return values;
    },
  };
}

export function matrixSize(shape: readonly number[]): { rows: number; columns: number } {
  const [rows = 1, ...rest] = shape;
  return { rows, columns: rest.reduce((product, size) => product * size, 1) };
}

function blockRowsOf(columns: number, rows: number): number {
  return Math.min(rows, Math.max(1, Math.floor(BLOCK_VALUES / columns)));
}
