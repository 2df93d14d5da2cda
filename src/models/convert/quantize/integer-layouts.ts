import type { IntegerQuantization } from '../checkpoint/architecture.js';
import {
  checkFinite,
  checkFloatFormat,
  createValueReader,
  readFiniteValues,
} from '../checkpoint/float-formats.js';
import { type StoredTensor, invalidTensor } from '../checkpoint/safetensors.js';
import type { TensorRole } from '../checkpoint/weight-parts.js';
import { checkShape } from './float-source.js';
import {
  type ReadRows,
  createColumnWordReader,
  createRowWordReader,
  unpackWords,
} from './packed-words.js';

/** Reads the parts of an integer matrix. */
interface LevelReaders {
  /** The tensor with the levels. */
  readonly tensor: StoredTensor;
  /** [count, columns] */
  readonly readLevels: ReadRows<Uint8Array>;
  /** [count, groups] */
  readonly readScales: ReadRows<Float32Array>;
  /** [count, groups]; `null` if all are the middle. */
  readonly readZeroPoints: ReadRows<Uint8Array> | null;
}

export interface MatrixSize {
  readonly rows: number;
  readonly columns: number;
  /** Groups of a row. */
  readonly groups: number;
}

type Parts = ReadonlyMap<TensorRole, StoredTensor>;

/** @throws MODEL_INVALID if shapes or data types are not those of the layout. */
export function createLevelReaders(
  parts: Parts,
  size: MatrixSize,
  quantization: IntegerQuantization,
): LevelReaders {
  switch (quantization.layout) {
    case 'gptq':
      return gptqReaders(parts, size, quantization.bits, 1);
    case 'gptq-v2':
      return gptqReaders(parts, size, quantization.bits, 0);
    case 'awq':
      return awqReaders(parts, size);
    case 'packed':
      return packedReaders(parts, size, quantization.bits);
    case 'bytes':
      return byteReaders(parts, size);
  }
}

/** Order of the 8 rows in a word of AutoAWQ, lowest bits first. */
const AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7];

/**
 * GPTQ: `qweight` int32 [columns / n, rows] with n columns per word, `qzeros` int32 [groups, rows / n] with n rows per
 * word, `scales` [groups, rows].
 *
 * @param added added to the stored zero points, modulo 2^bits.
 */
function gptqReaders(
  parts: Parts,
  { rows, columns, groups }: MatrixSize,
  bits: 4 | 8,
  added: 0 | 1,
): LevelReaders {
  const perWord = 32 / bits;
  const words = wordsOf(parts, 'qweight', [Math.ceil(columns / perWord), rows]);
  const zeroPoints = wordsOf(parts, 'qzeros', [groups, Math.ceil(rows / perWord)]);
  const order = Array.from({ length: perWord }, (_, index) => index);
  return {
    tensor: words,
    readLevels: createColumnWordReader(words, bits, columns),
    readScales: readTransposedScales(parts, rows, groups),
    readZeroPoints: createRowWordReader(zeroPoints, { bits, order, added }),
  };
}

/** AWQ GEMM: `qweight` int32 [columns, rows / 8], `qzeros` int32 [groups, rows / 8], `scales` [groups, rows]. */
function awqReaders(parts: Parts, { rows, columns, groups }: MatrixSize): LevelReaders {
  const words = wordsOf(parts, 'qweight', [columns, Math.ceil(rows / 8)]);
  const zeroPoints = wordsOf(parts, 'qzeros', [groups, Math.ceil(rows / 8)]);
  const packing = { bits: 4, order: AWQ_ORDER, added: 0 } as const;
  return {
    tensor: words,
    readLevels: createRowWordReader(words, packing),
    readScales: readTransposedScales(parts, rows, groups),
    readZeroPoints: createRowWordReader(zeroPoints, packing),
  };
}

/**
 * compressed-tensors `pack-quantized`: `weight_packed` int32 [rows, columns / n] with n columns per word,
 * `weight_scale` [rows, groups], `weight_zero_point` int32 [rows / n, groups] with n rows per word, or int8 [rows,
 * groups]. Packed numbers are unsigned.
 */
function packedReaders(parts: Parts, size: MatrixSize, bits: 4 | 8): LevelReaders {
  const { rows, columns } = size;
  const perWord = 32 / bits;
  const rowWords = Math.ceil(columns / perWord);
  const words = wordsOf(parts, 'weight_packed', [rows, rowWords]);
  let buffer = new Uint32Array();
  return {
    tensor: words,
    readLevels: (levels, start, count) => {
      if (buffer.length < count * rowWords) buffer = new Uint32Array(count * rowWords);
      words.read(new Uint8Array(buffer.buffer, 0, count * rowWords * 4), start * rowWords * 4);
      for (let row = 0; row < count; row++) {
        const line = buffer.subarray(row * rowWords, (row + 1) * rowWords);
        unpackWords(line, bits, levels.subarray(row * columns, (row + 1) * columns));
      }
    },
    readScales: readScales(parts, size),
    readZeroPoints:
      parts.get('weight_zero_point')?.format === 'I8'
        ? readSignedZeroPoints(parts, size, bits)
        : readPackedZeroPoints(parts, size, bits),
  };
}

/** compressed-tensors `int-quantized`: `weight` int8 [rows, columns]; scales and zero points as above. */
function byteReaders(parts: Parts, size: MatrixSize): LevelReaders {
  const { rows, columns } = size;
  const bytes = partOf(parts, 'weight', ['I8'], [rows, columns]);
  return {
    tensor: bytes,
    readLevels: (levels, start) => {
      bytes.read(levels, start * columns);
      toUnsigned(levels, 8);
    },
    readScales: readScales(parts, size),
    readZeroPoints: readSignedZeroPoints(parts, size, 8),
  };
}

/** `scales` [groups, rows] */
function readTransposedScales(parts: Parts, rows: number, groups: number): ReadRows<Float32Array> {
  const scales = requirePart(parts, 'scales');
  checkShape(scales, [groups, rows]);
  const read = createValueReader(scales, rows);
  return (target, start, count) => {
    for (let group = 0; group < groups; group++) {
      const values = read(group * rows + start, count);
      checkFinite(scales, values, group * rows + start);
      for (let row = 0; row < count; row++) target[row * groups + group] = values[row] ?? 0;
    }
  };
}

/** `weight_scale`: [rows, groups], or one value for the tensor. */
function readScales(parts: Parts, { rows, groups }: MatrixSize): ReadRows<Float32Array> {
  const scales = requirePart(parts, 'weight_scale');
  checkFloatFormat(scales);
  if (groups === 1 && scales.shape.every((size) => size === 1)) {
    let value: number | undefined;
    return (target) => {
      value ??= readFiniteValues(scales)[0] ?? 0;
      target.fill(value);
    };
  }
  if (!(groups === 1 && scales.shape.join() === `${rows}`)) checkShape(scales, [rows, groups]);
  let read: ReturnType<typeof createValueReader> | undefined;
  return (target, start, count) => {
    read ??= createValueReader(scales, count * groups);
    const values = read(start * groups, count * groups);
    checkFinite(scales, values, start * groups);
    target.set(values);
  };
}

/** `weight_zero_point` int32 [rows / n, groups], n rows per word. */
function readPackedZeroPoints(
  parts: Parts,
  { rows, groups }: MatrixSize,
  bits: 4 | 8,
): ReadRows<Uint8Array> | null {
  if (!parts.has('weight_zero_point')) return null;
  const perWord = 32 / bits;
  const words = wordsOf(parts, 'weight_zero_point', [Math.ceil(rows / perWord), groups]);
  return (target, start, count) => {
    const lines = new Uint32Array(Math.ceil(count / perWord) * groups);
    words.read(new Uint8Array(lines.buffer), (start / perWord) * groups * 4);
    for (let row = 0; row < count; row++) {
      const [line, shift] = [Math.floor(row / perWord), (row % perWord) * bits];
      for (let group = 0; group < groups; group++) {
        const word = lines[line * groups + group] ?? 0;
        target[row * groups + group] = (word >>> shift) & (2 ** bits - 1);
      }
    }
  };
}

/** `weight_zero_point` int8 [rows, groups], or one value for the tensor. */
function readSignedZeroPoints(
  parts: Parts,
  { rows, groups }: MatrixSize,
  bits: 4 | 8,
): ReadRows<Uint8Array> | null {
  const points = parts.get('weight_zero_point');
  if (!points) return null;
  const isSingle = groups === 1 && points.shape.every((size) => size === 1);
  partOf(parts, 'weight_zero_point', ['I8'], isSingle ? points.shape : [rows, groups]);
  return (target, start) => {
    if (isSingle) {
      points.read(target.subarray(0, 1), 0);
      target.fill(target[0] ?? 0);
    } else points.read(target, start * groups);
    if (!toUnsigned(target, bits)) throw invalidTensor(points, `must fit in ${bits} bits`);
  };
}

/** Two's complement to the unsigned numbers of `LevelBlock`. @returns whether all fit in the bits */
function toUnsigned(bytes: Uint8Array, bits: 4 | 8): boolean {
  const middle = 2 ** (bits - 1);
  let largest = 0;
  for (let i = 0; i < bytes.length; i++) {
    const level = ((bytes[i] ?? 0) + middle) & 0xff;
    if (level > largest) largest = level;
    bytes[i] = level;
  }
  return largest < 2 * middle;
}

/** `g_idx` or `weight_g_idx` int32 [columns]. @returns the group of each column, `null` if they are contiguous */
export function readGroups(
  parts: Parts,
  { columns, groups }: MatrixSize,
  groupSize: number,
): Uint32Array | null {
  const role = parts.has('g_idx') ? 'g_idx' : 'weight_g_idx';
  if (!parts.has(role)) return null;
  const tensor = wordsOf(parts, role, [columns]);
  const groupOf = new Uint32Array(columns);
  tensor.read(new Uint8Array(groupOf.buffer), 0);
  const other = groupOf.find((group) => group >= groups);
  if (other !== undefined) {
    throw invalidTensor(tensor, `must list groups below ${groups}, found ${other | 0}`);
  }
  return groupOf.every((group, column) => group === Math.floor(column / groupSize))
    ? null
    : groupOf;
}

function wordsOf(parts: Parts, role: TensorRole, shape: readonly number[]): StoredTensor {
  return partOf(parts, role, ['I32', 'U32'], shape);
}

function partOf(
  parts: Parts,
  role: TensorRole,
  formats: readonly string[],
  shape: readonly number[],
): StoredTensor {
  const tensor = requirePart(parts, role);
  checkShape(tensor, shape);
  if (!formats.includes(tensor.format)) {
    throw invalidTensor(
      tensor,
      `must have the type ${formats.join(' or ')}, found ${tensor.format}`,
    );
  }
  return tensor;
}

function requirePart(parts: Parts, role: TensorRole): StoredTensor {
  const tensor = parts.get(role);
  if (!tensor) throw new RangeError(`The weight has no ${role}.`);
  return tensor;
}
