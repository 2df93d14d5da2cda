import { setImmediate as yieldToEventLoop } from 'node:timers/promises';

import { invalidModel } from '../../package/invalid-model.js';
import type { WeightFiles, WriteAt } from '../write/weight-files.js';
import { createValueReader, readValues } from '../checkpoint/float-formats.js';
import type { StoredTensor } from '../checkpoint/safetensors.js';
import type { WeightSlot, WeightPlacement } from '../graph/weight-layout.js';
import { quantizeBlockRow } from './quantize-blocks.js';
import { quantizeRow } from './quantize-rows.js';
import { createTransposedBlock } from './transposed-block.js';

/** Values per block of rows: 16 MiB as float32. */
const BLOCK_VALUES = 1 << 22;

/** Called after each block with its share of the weight (0 to 1). May throw to abort. */
export type OnBlock = (share: number) => void;

/** A weight matrix [rows, columns] that is read in blocks of rows. */
export interface MatrixSource {
  readonly rows: number;
  readonly columns: number;
  /** @returns [count, columns] float32, overwritten by the next call. */
  readRows(start: number, count: number): Float32Array;
}

/** Encodes a weight for all its slots and writes it. @throws MODEL_INVALID, STORAGE_FULL */
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
    await yieldToEventLoop();
  }
  for (const encoder of encoders) encoder.finish();
}

/**
 * A float tensor as a source of rows.
 *
 * @param scale scales of an fp8 tensor: one value, or one per row.
 * @throws MODEL_INVALID if the shape is not that of the slot, or the data type is not a supported float type.
 */
export function createFloatSource(
  tensor: StoredTensor,
  scale: StoredTensor | undefined,
  { tensor: name, shape }: WeightSlot,
): MatrixSource {
  if (tensor.shape.join() !== shape.join()) {
    throw invalidModel(
      `\`${name}\` must have the shape [${shape.join(', ')}], found [${tensor.shape.join(', ')}]`,
    );
  }
  const { rows, columns } = matrixSize(shape);
  const read = createValueReader(tensor, blockRowsOf(columns, rows) * columns);
  const readRows = (start: number, count: number) => read(start * columns, count * columns);
  if (!scale) return { rows, columns, readRows };

  const scales = readValues(scale);
  if (scales.length !== 1 && scales.length !== rows) {
    throw invalidModel(
      `the scale of \`${name}\` must have 1 or ${rows} values, found ${scales.length}`,
    );
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

/** [rows, ...] as a matrix: the other dimensions are flattened to columns. */
export function matrixSize(shape: readonly number[]): { rows: number; columns: number } {
  const [rows = 1, ...rest] = shape;
  return { rows, columns: rest.reduce((product, size) => product * size, 1) };
}

function blockRowsOf(columns: number, rows: number): number {
  return Math.min(rows, Math.max(1, Math.floor(BLOCK_VALUES / columns)));
}

/** Encodes the rows of a tensor, in order, as its slot requires, and writes them. */
interface RowEncoder {
  /** @param rows [count, columns]; not used after the call. */
  add(rows: Float32Array, count: number): void;
  /** Writes buffered rows. */
  finish(): void;
}

function createRowEncoder(placement: WeightPlacement, size: Size, write: WriteAt): RowEncoder {
  switch (placement.kind) {
    case 'float32-rows':
      return floatRowsEncoder(placement, size, write);
    case 'int8-rows':
      return int8RowsEncoder(placement.offset, size, write);
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
  /** Maximum number of rows per call of `add`. */
  readonly blockRows: number;
}

function floatRowsEncoder(
  { offset, addend = 0 }: Extract<WeightPlacement, { kind: 'float32-rows' }>,
  { columns }: Size,
  write: WriteAt,
): RowEncoder {
  let position = offset;
  return {
    add: (rows, count) => {
      const values = rows.subarray(0, count * columns);
      // Copied, because the other slots of the weight read the same rows.
      write(bytesOf(addend === 0 ? values : values.map((value) => value + addend)), position);
      position += count * columns * 4;
    },
    finish: () => undefined,
  };
}

/** The scale follows each row, so that one read returns the embedding of a token. */
function int8RowsEncoder(offset: number, { columns, blockRows }: Size, write: WriteAt): RowEncoder {
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
