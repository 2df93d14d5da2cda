import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';

import type { MatrixSource } from './checkpoint-tensors.js';

/** Where a weight lies in the file beside the graph. */
export interface WeightLocation {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** The runtime maps weights into memory, and a mapping starts at a page. */
const ALIGNMENT = 4096;

/** Values held at once: 64 MB as float32, so that a vocabulary of any size can be written. */
const BLOCK_VALUES = 1 << 24;

/** Largest magnitude of a weight in eight bits, symmetric around zero. */
const INT8_LIMIT = 127;

/** A file of weights, written from the front, a block of rows at a time. */
export class WeightFile {
  private end = 0;

  private constructor(
    private readonly name: string,
    private readonly handle: FileHandle,
    private readonly blockValues: number,
  ) {}

  /** @param blockValues how many values of a weight are held at once, one row at least. */
  static async create(path: string, blockValues = BLOCK_VALUES): Promise<WeightFile> {
    return new WeightFile(basename(path), await open(path, 'wx'), blockValues);
  }

  /** Writes a weight [rows, columns] as the [columns, rows] that a product `x · W` takes. */
  async appendFloat32(source: MatrixSource): Promise<WeightLocation> {
    return this.appendTransposed(source, 4, (rows, count) =>
      transpose(rows, new Float32Array(rows.length), count),
    );
  }

  /** The same in eight bits, with one scale for each of the source's rows. */
  async appendInt8(source: MatrixSource): Promise<WeightLocation & { scales: Float32Array }> {
    const scales = new Float32Array(source.rows);
    const location = await this.appendTransposed(source, 1, (rows, count, start) => {
      const quantized = quantizeRows(rows, count);
      scales.set(quantized.scales, start);
      return transpose(quantized.values, new Int8Array(rows.length), count);
    });
    return { ...location, scales };
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async appendTransposed(
    source: MatrixSource,
    bytesPerValue: number,
    encode: (rows: Float32Array, count: number, start: number) => Float32Array | Int8Array,
  ): Promise<WeightLocation> {
    const { rows, columns } = source;
    const offset = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
    const length = rows * columns * bytesPerValue;
    const blockRows = Math.max(1, Math.floor(this.blockValues / columns));
    for (let start = 0; start < rows; start += blockRows) {
      const count = Math.min(blockRows, rows - start);
      const block = encode(await source.readRows(start, count), count, start); // [columns, count]
      if (count === rows) {
        await this.write(block, offset);
        continue;
      }
      // A block of rows is a stripe of columns in the file: one piece for each of its lines.
      for (let column = 0; column < columns; column++) {
        const line = block.subarray(column * count, (column + 1) * count);
        await this.write(line, offset + (column * rows + start) * bytesPerValue);
      }
    }
    this.end = offset + length;
    return { file: this.name, offset, length };
  }

  private async write(values: Float32Array | Int8Array, position: number): Promise<void> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.handle.write(
        bytes,
        done,
        bytes.length - done,
        position + done,
      );
      done += bytesWritten;
    }
  }
}

/**
 * Symmetric eight-bit quantisation with one scale a row: `value ≈ quantized * scale`, off by half a scale at
 * most. A row of zeros gets the scale 1.
 *
 * @param rows [count, columns]
 */
export function quantizeRows(
  rows: Float32Array,
  count: number,
): { values: Int8Array; scales: Float32Array } {
  const columns = rows.length / count;
  const values = new Int8Array(rows.length);
  const scales = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    const begin = row * columns;
    let largest = 0;
    for (let i = begin; i < begin + columns; i++) {
      largest = Math.max(largest, Math.abs(rows[i] ?? 0));
    }
    const scale = Math.fround(largest / INT8_LIMIT) || 1;
    scales[row] = scale;
    for (let i = begin; i < begin + columns; i++) {
      values[i] = Math.max(-INT8_LIMIT, Math.min(INT8_LIMIT, Math.round((rows[i] ?? 0) / scale)));
    }
  }
  return { values, scales };
}

/** [count, columns] -> [columns, count] */
function transpose<T extends Float32Array | Int8Array>(from: T, to: T, count: number): T {
  const columns = from.length / count;
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < columns; column++) {
      to[column * count + row] = from[row * columns + column] ?? 0;
    }
  }
  return to;
}
