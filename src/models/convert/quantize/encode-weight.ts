import { setImmediate as yieldToEvents } from 'node:timers/promises';

import { invalidModel } from '../../package/invalid-model.js';
import type { WeightFiles, WriteAt } from '../write/weight-files.js';
import { createValueReader, readValues } from '../checkpoint/float-formats.js';
import type { StoredTensor } from '../checkpoint/safetensors.js';
import type { WeightSlot, WeightPlacement } from '../graph/weight-layout.js';
import { quantizeBlockRow } from './quantize-blocks.js';
import { quantizeRow } from './quantize-rows.js';
import { createTransposedBlock } from './transposed-block.js';

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
  files: WeightFiles,
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

/** Takes the rows of one tensor in order, some at a time, and writes them as a slot says. */
export interface RowEncoder {
  /** @param rows [count, columns], which is not kept. */
  add(rows: Float32Array, count: number): void;
  /** Writes what is left. */
  finish(): void;
}

/** @param blockRows how many rows `add` gets at most. */
export function createRowEncoder(
  placement: WeightPlacement,
  size: { readonly rows: number; readonly columns: number; readonly blockRows: number },
  write: WriteAt,
): RowEncoder {
  switch (placement.kind) {
    case 'float32-rows':
      return plainEncoder(placement.offset, size.columns, write);
    case 'int8-rows':
      return tableEncoder(placement.offset, size, write);
    case 'blocks':
      return blockEncoder(placement, size, write);
    case 'float32-columns':
      return floatColumnsEncoder(placement, size, write);
    case 'int8-columns':
      return int8ColumnsEncoder(placement, size, write);
  }
}

interface Size {
  readonly rows: number;
  readonly columns: number;
  readonly blockRows: number;
}

function plainEncoder(offset: number, columns: number, write: WriteAt): RowEncoder {
  let position = offset;
  return {
    add: (rows, count) => {
      write(bytesOf(rows.subarray(0, count * columns)), position);
      position += count * columns * 4;
    },
    finish: () => undefined,
  };
}

/** A row is its bytes and then its scale, so that one read gets a token's embedding. */
function tableEncoder(offset: number, { columns, blockRows }: Size, write: WriteAt): RowEncoder {
  const rowBytes = columns + 4;
  const values = new Int8Array(blockRows * rowBytes);
  const view = new DataView(values.buffer);
  let position = offset;
  return {
    add: (rows, count) => {
      for (let row = 0; row < count; row++) {
        const start = row * rowBytes;
        const scale = quantizeRow(rows, row * columns, columns, values, start);
        view.setFloat32(start + columns, scale, true);
      }
      write(bytesOf(values.subarray(0, count * rowBytes)), position);
      position += count * rowBytes;
    },
    finish: () => undefined,
  };
}

function blockEncoder(
  { offset, scales, bits, blockSize }: Extract<WeightPlacement, { kind: 'blocks' }>,
  { columns, blockRows }: Size,
  write: WriteAt,
): RowEncoder {
  const blocks = Math.ceil(columns / blockSize);
  const rowBytes = (blocks * blockSize * bits) / 8;
  const packed = new Uint8Array(blockRows * rowBytes);
  const factors = new Float32Array(blockRows * blocks);
  let done = 0;
  return {
    add: (rows, count) => {
      for (let row = 0; row < count; row++) {
        quantizeBlockRow(
          rows.subarray(row * columns, (row + 1) * columns),
          { bits, blockSize },
          packed.subarray(row * rowBytes, (row + 1) * rowBytes),
          factors.subarray(row * blocks, (row + 1) * blocks),
        );
      }
      write(packed.subarray(0, count * rowBytes), offset + done * rowBytes);
      write(bytesOf(factors.subarray(0, count * blocks)), scales + done * blocks * 4);
      done += count;
    },
    finish: () => undefined,
  };
}

function floatColumnsEncoder(
  { offset, matrixRows }: Extract<WeightPlacement, { kind: 'float32-columns' }>,
  { rows, columns }: Size,
  write: WriteAt,
): RowEncoder {
  const transposed = createTransposedBlock(
    Float32Array,
    { rows, columns, matrixRows, offset },
    write,
  );
  return {
    add: (values, count) => {
      for (let row = 0; row < count; row++) {
        const { line, start } = transposed.nextRow();
        line.set(values.subarray(row * columns, (row + 1) * columns), start);
      }
    },
    finish: () => {
      transposed.finish();
    },
  };
}

function int8ColumnsEncoder(
  { offset, matrixRows, scales }: Extract<WeightPlacement, { kind: 'int8-columns' }>,
  { rows, columns }: Size,
  write: WriteAt,
): RowEncoder {
  const transposed = createTransposedBlock(Int8Array, { rows, columns, matrixRows, offset }, write);
  const factors = new Float32Array(rows);
  let done = 0;
  return {
    add: (values, count) => {
      for (let row = 0; row < count; row++) {
        const { line, start } = transposed.nextRow();
        factors[done++] = quantizeRow(values, row * columns, columns, line, start);
      }
    },
    finish: () => {
      transposed.finish();
      write(bytesOf(factors), scales);
    },
  };
}

function bytesOf(values: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
