import type { WeightPlacement } from '../graph/weight-layout.js';
import type { WriteAt } from '../write/weight-files.js';
import type { LevelBlock, RowBlock } from './matrix-source.js';
import { packLevelRow } from './pack-levels.js';
import { quantizeBlockRow } from './quantize-blocks.js';
import { findMagnitude, quantizeRow } from './quantize-rows.js';
import { createTransposedBlock } from './transposed-block.js';

/** Encodes the rows of a tensor, in order, as its slot requires, and writes them. */
export interface RowEncoder {
  /** @param rows not used after the call. @throws MODEL_INVALID if a value is NaN or infinite */
  add(rows: RowBlock, count: number): void;
  /** Writes buffered rows. */
  finish(): void;
}

export function createRowEncoder(
  placement: WeightPlacement,
  size: Size,
  write: WriteAt,
): RowEncoder {
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
      findMagnitude(rows.values, 0, count * columns);
      const values = rows.values.subarray(0, count * columns);
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
        const scale = encodeRow(rows, row, columns, values, start);
        view.setFloat32(start + columns, scale, true);
      }
      write(bytesOf(values.subarray(0, count * rowBytes)), position);
      position += count * rowBytes;
    },
    finish: () => undefined,
  };
}

/** Takes over the levels of rows with one scale and no zero points, and quantizes other rows. @returns the scale */
function encodeRow(
  { values, levels: source }: RowBlock,
  row: number,
  columns: number,
  quantized: Int8Array,
  start: number,
): number {
  const isExact = source?.bits === 8 && source.kind === 'middle' && source.groupSize === columns;
  if (!isExact) return quantizeRow(values, row * columns, columns, quantized, start);
  for (let i = 0; i < columns; i++) {
    quantized[start + i] = (source.levels[row * columns + i] ?? 0) - 128;
  }
  return source.scales[row] ?? 0;
}

function blockEncoder(
  { offset, scales, zeroPoints, bits, blockSize }: Extract<WeightPlacement, { kind: 'blocks' }>,
  { columns, blockRows }: Size,
  write: WriteAt,
): RowEncoder {
  const blocks = Math.ceil(columns / blockSize);
  const rowBytes = (blocks * blockSize * bits) / 8;
  const pointBytes = Math.ceil((blocks * bits) / 8);
  const packed = new Uint8Array(blockRows * rowBytes);
  const factors = new Float32Array(blockRows * blocks);
  const points = new Uint8Array(blockRows * pointBytes);
  const format = { bits, blockSize };
  let done = 0;
  return {
    add: ({ values, levels: source }, count) => {
      const exact = source && fits(source, columns, format, zeroPoints) ? source : null;
      if (!exact) points.fill(bits === 4 ? 0x88 : 0x80);
      for (let row = 0; row < count; row++) {
        const target = {
          packed: packed.subarray(row * rowBytes, (row + 1) * rowBytes),
          scales: factors.subarray(row * blocks, (row + 1) * blocks),
          zeroPoints: points.subarray(row * pointBytes, (row + 1) * pointBytes),
        };
        if (exact) packLevelRow(exact, row, columns, blockSize, target);
        else {
          const line = values.subarray(row * columns, (row + 1) * columns);
          quantizeBlockRow(line, format, target.packed, target.scales);
        }
      }
      write(packed.subarray(0, count * rowBytes), offset + done * rowBytes);
      write(bytesOf(factors.subarray(0, count * blocks)), scales + done * blocks * 4);
      if (zeroPoints !== null) {
        write(points.subarray(0, count * pointBytes), zeroPoints + done * pointBytes);
      }
      done += count;
    },
    finish: () => undefined,
  };
}

/** Whether each block is part of one group, and its zero point can be stored. */
function fits(
  { bits, groupSize, kind }: LevelBlock,
  columns: number,
  format: { readonly bits: 4 | 8; readonly blockSize: number },
  zeroPoints: number | null,
): boolean {
  const isInGroup = groupSize === columns || groupSize % format.blockSize === 0;
  return bits === format.bits && isInGroup && (kind === 'middle' || zeroPoints !== null);
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
    add: ({ values }, count) => {
      findMagnitude(values, 0, count * columns);
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
    add: (rows, count) => {
      for (let row = 0; row < count; row++) {
        const { line, start } = transposed.nextRow();
        factors[done++] = encodeRow(rows, row, columns, line, start);
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
