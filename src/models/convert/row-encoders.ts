import type { WriteAt } from './filled-files.js';
import { quantizeBlockRow } from './quantize-blocks.js';
import { quantizeRow } from './quantize-rows.js';
import { createStripe } from './transposed-stripe.js';
import type { WeightPlacement } from './weight-slot.js';

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
  const stripe = createStripe(Float32Array, { rows, columns, matrixRows, offset }, write);
  return {
    add: (values, count) => {
      for (let row = 0; row < count; row++) {
        const { line, start } = stripe.nextRow();
        line.set(values.subarray(row * columns, (row + 1) * columns), start);
      }
    },
    finish: () => {
      stripe.finish();
    },
  };
}

function int8ColumnsEncoder(
  { offset, matrixRows, scales }: Extract<WeightPlacement, { kind: 'int8-columns' }>,
  { rows, columns }: Size,
  write: WriteAt,
): RowEncoder {
  const stripe = createStripe(Int8Array, { rows, columns, matrixRows, offset }, write);
  const factors = new Float32Array(rows);
  let done = 0;
  return {
    add: (values, count) => {
      for (let row = 0; row < count; row++) {
        const { line, start } = stripe.nextRow();
        factors[done++] = quantizeRow(values, row * columns, columns, line, start);
      }
    },
    finish: () => {
      stripe.finish();
      write(bytesOf(factors), scales);
    },
  };
}

function bytesOf(values: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
