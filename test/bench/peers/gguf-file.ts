import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

/**
 * The GGUF container, version 3, little-endian: metadata, names and offsets of the tensors, and their data.
 * Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export type GgufValue =
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly float32s: Float32Array }
  | { readonly int32s: Int32Array };

/** Tensor types of ggml: the number of the type, and the weights and bytes of a block. */
export interface GgmlType {
  readonly id: number;
  readonly weights: number;
  readonly bytes: number;
}

export const GGML_TYPES = {
  F32: { id: 0, weights: 1, bytes: 4 },
  F16: { id: 1, weights: 1, bytes: 2 },
  Q4_0: { id: 2, weights: 32, bytes: 18 },
  Q8_0: { id: 8, weights: 32, bytes: 34 },
  Q6_K: { id: 14, weights: 256, bytes: 210 },
} as const satisfies Record<string, GgmlType>;
export type GgmlTypeName = keyof typeof GGML_TYPES;

export interface GgufTensor {
  readonly name: string;
  /** The innermost dimension first: the columns of a matrix. */
  readonly dimensions: readonly number[];
  readonly type: GgmlTypeName;
  /** The data in pieces, `tensorBytes` in total. */
  read(): Iterable<Uint8Array>;
}

const MAGIC = 'GGUF';
const VERSION = 3;
const ALIGNMENT = 32;

/** Type numbers of metadata values. */
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;

/** @throws RangeError if the columns are no multiple of the block size */
export function tensorBytes({ name, dimensions, type }: Omit<GgufTensor, 'read'>): number {
  const { weights, bytes } = GGML_TYPES[type];
  if (dimensions[0]! % weights !== 0) {
    throw new RangeError(`${name}: ${dimensions[0]!} columns are no multiple of ${weights}.`);
  }
  return (dimensions.reduce((product, size) => product * size, 1) / weights) * bytes;
}

/** The header before the tensor data, padded to the alignment. */
export function encodeGgufHeader(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly Omit<GgufTensor, 'read'>[],
): Buffer {
  const entries = Object.entries(metadata);
  const parts = [
    Buffer.from(MAGIC),
    uint32(VERSION),
    uint64(tensors.length),
    uint64(entries.length),
  ];
  for (const [key, value] of entries) parts.push(text(key), encodeValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    const { name, dimensions, type } = tensor;
    parts.push(text(name), uint32(dimensions.length), ...dimensions.map(uint64));
    parts.push(uint32(GGML_TYPES[type].id), uint64(offset));
    offset += aligned(tensorBytes(tensor));
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header], aligned(header.length));
}

/** Writes a file atomically: it appears under its name when it is complete. */
export function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): void {
  const unfinished = `${path}.part`;
  const file = openSync(unfinished, 'w');
  try {
    writeSync(file, encodeGgufHeader(metadata, tensors));
    for (const tensor of tensors) {
      const bytes = tensorBytes(tensor);
      let written = 0;
      for (const piece of tensor.read()) written += writeSync(file, piece);
      if (written !== bytes)
        throw new RangeError(`${tensor.name}: wrote ${written} bytes, expected ${bytes}.`);
      writeSync(file, Buffer.alloc(aligned(bytes) - bytes));
    }
  } finally {
    closeSync(file);
  }
  renameSync(unfinished, path);
}

function encodeValue(value: GgufValue): Buffer {
  if ('uint32' in value) return Buffer.concat([uint32(UINT32), uint32(value.uint32)]);
  if ('text' in value) return Buffer.concat([uint32(STRING), text(value.text)]);
  if ('float32' in value) {
    const number = Buffer.alloc(4);
    number.writeFloatLE(value.float32);
    return Buffer.concat([uint32(FLOAT32), number]);
  }
  if ('texts' in value) return array(STRING, value.texts.length, value.texts.map(text));
  const [type, numbers] = 'int32s' in value ? [INT32, value.int32s] : [FLOAT32, value.float32s];
  const { buffer, byteOffset, byteLength } = numbers;
  return array(type, numbers.length, [Buffer.from(buffer, byteOffset, byteLength)]);
}

function array(type: number, length: number, items: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(ARRAY), uint32(type), uint64(length), ...items]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
