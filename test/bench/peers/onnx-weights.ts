import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import type { ElementType, OnnxInitializer } from '../../../src/models/convert/graph/onnx-model.js';
import { randomBytes } from './random-blocks.js';

/** The block size of the usual `q4` exports. */
export const BLOCK_SIZE = 32;
export const BITS = 4;

const Q4_DEVIATION = Math.sqrt((16 ** 2 - 1) / 12);
const ROPE_BASE = 10_000;
/** Prime, so that no two rows of a matrix are equal. */
const RING_BYTES = 1_048_573;

/** The weights of a graph, one after another in its external data file. */
export class OnnxWeights {
  readonly initializers: OnnxInitializer[] = [];
  private readonly file: number;
  private readonly ring = randomBytes(RING_BYTES);
  private offset = 0;

  constructor(
    folder: string,
    private readonly fileName: string,
  ) {
    this.file = openSync(join(folder, fileName), 'w');
  }

  close(): void {
    closeSync(this.file);
  }

  /** Adds a matrix in blocks of random values. @returns the names of the packed values and of their scales */
  blocks(
    name: string,
    rows: number,
    columns: number,
    deviation: number,
    layout: 'product' | 'table' = 'product',
  ): [string, string] {
    const blocks = Math.ceil(columns / BLOCK_SIZE);
    const blockBytes = (BLOCK_SIZE * BITS) / 8;
    const [values, scales] = [`${name}.values`, `${name}.scales`];
    const shape = layout === 'table' ? [rows, columns / 2] : [rows, blocks, blockBytes];
    this.write(values, 'uint8', shape, rows * blocks * blockBytes, this.ring);
    const count = rows * blocks;
    const scale = new Float32Array(4096).fill(deviation / Q4_DEVIATION);
    const scaleShape = layout === 'table' ? [rows, blocks] : [count];
    this.write(scales, 'float32', scaleShape, 4 * count, new Uint8Array(scale.buffer));
    return [values, scales];
  }

  floats(name: string, shape: readonly number[], values: Float32Array): string {
    this.write(name, 'float32', shape, values.byteLength, new Uint8Array(values.buffer));
    return name;
  }

  rope(headDim: number, positions: number): [string, string] {
    const shape = [positions, headDim / 2];
    const angle = (index: number) => {
      const [position, pair] = [Math.floor((2 * index) / headDim), index % (headDim / 2)];
      return position * ROPE_BASE ** ((-2 * pair) / headDim);
    };
    const table = (wave: (angle: number) => number) =>
      Float32Array.from({ length: (positions * headDim) / 2 }, (_, index) => wave(angle(index)));
    return [this.floats('cos', shape, table(Math.cos)), this.floats('sin', shape, table(Math.sin))];
  }

  integers(name: string, values: readonly number[]): string {
    return this.constant(name, [values.length], values);
  }

  integer(name: string, value: number): string {
    return this.constant(name, [], [value]);
  }

  private constant(name: string, shape: readonly number[], values: readonly number[]): string {
    if (this.initializers.some((known) => known.name === name)) return name;
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.initializers.push({ name, type: 'int64', shape, content: { bytes } });
    return name;
  }

  /** Repeats `pattern` up to `length` bytes. */
  private write(
    name: string,
    type: ElementType,
    shape: readonly number[],
    length: number,
    pattern: Uint8Array,
  ): void {
    for (let left = length; left > 0; left -= pattern.length) {
      writeSync(this.file, pattern.subarray(0, Math.min(left, pattern.length)));
    }
    const content = { file: this.fileName, offset: this.offset, length };
    this.initializers.push({ name, type, shape, content });
    this.offset += length;
  }
}
