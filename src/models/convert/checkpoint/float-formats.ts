import { invalidCheckpoint, quoteName } from '../../package/invalid-model.js';
import { type StoredTensor, type TensorHeader, invalidTensor } from './safetensors.js';

/** Converts `bytes` to float32, exact for all values of the format. */
type Decode = (bytes: Uint8Array<ArrayBuffer>, target: Float32Array) => void;

interface ValueFormat {
  readonly bytesPerValue: number;
  readonly decode: Decode;
}

const FORMATS: Readonly<Record<string, ValueFormat>> = {
  F32: { bytesPerValue: 4, decode: decodeFloat32 },
  BF16: { bytesPerValue: 2, decode: decodeBfloat16 },
  F16: { bytesPerValue: 2, decode: decodeFloat16 },
  F8_E4M3: { bytesPerValue: 1, decode: decodeFloat8 },
};

/** Lookup tables of all float16 and all F8_E4M3 values, built on first use. */
let float16Table: Float32Array | undefined;
let float8Table: Float32Array | undefined;

/** @throws MODEL_INVALID unless the data type is F32, F16, BF16 or F8_E4M3. */
export function checkFloatFormat(tensor: TensorHeader): ValueFormat {
  const format = FORMATS[tensor.format];
  if (format) return format;
  const known = Object.keys(FORMATS).join(', ');
  throw invalidTensor(
    tensor,
    `must have one of the types ${known}, found ${tensor.format}. Use a checkpoint with weights of these types`,
  );
}

/**
 * Returns a function that reads `count` values from index `start` as float32. The result is overwritten by the next
 * call.
 *
 * @param maxValues largest `count`.
 * @throws MODEL_INVALID; see `checkFloatFormat`.
 */
export function createValueReader(
  tensor: StoredTensor,
  maxValues: number,
): (start: number, count: number) => Float32Array {
  const { bytesPerValue, decode } = checkFloatFormat(tensor);
  let bytes = new Uint8Array();
  let values = new Float32Array();
  return (start, count) => {
    // Allocated on first use: sources are also created to check shapes.
    if (values.length === 0) {
      bytes = new Uint8Array(maxValues * bytesPerValue);
      values = new Float32Array(maxValues);
    }
    const part = bytes.subarray(0, count * bytesPerValue);
    tensor.read(part, start * bytesPerValue);
    const target = values.subarray(0, count);
    decode(part, target);
    return target;
  };
}

/** All values of a tensor that fits in memory, as float32. @throws MODEL_INVALID if one is NaN or infinite */
export function readFiniteValues(tensor: StoredTensor): Float32Array {
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  const values = createValueReader(tensor, count)(0, count);
  checkFinite(tensor, values, 0);
  return values;
}

/**
 * @param start index of the first value in the tensor.
 * @throws MODEL_INVALID for the first value that is NaN or infinite, with its position in the tensor.
 */
export function checkFinite(
  { name, file, shape }: TensorHeader,
  values: Float32Array,
  start: number,
): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  let rest = start + index;
  const position = shape.map((_, axis) => {
    const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const at = Math.floor(rest / stride);
    rest %= stride;
    return at;
  });
  throw invalidCheckpoint(
    file,
    `the value of ${quoteName(name)} at [${position.join(', ')}] is ${values[index]}. Download the file again; if its checksum is right, the published weights are damaged`,
  );
}

function decodeFloat32(bytes: Uint8Array<ArrayBuffer>, target: Float32Array): void {
  target.set(new Float32Array(bytes.buffer, bytes.byteOffset, target.length));
}

function decodeBfloat16(bytes: Uint8Array<ArrayBuffer>, target: Float32Array): void {
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset, target.length);
  const patterns = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < patterns.length; i++) patterns[i] = (words[i] ?? 0) << 16;
}

function decodeFloat16(bytes: Uint8Array<ArrayBuffer>, target: Float32Array): void {
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset, target.length);
  float16Table ??= Float32Array.from({ length: 1 << 16 }, (_, word) => float16ToNumber(word));
  const table = float16Table;
  for (let i = 0; i < target.length; i++) target[i] = table[words[i] ?? 0] ?? 0;
}

function decodeFloat8(bytes: Uint8Array<ArrayBuffer>, target: Float32Array): void {
  float8Table ??= Float32Array.from({ length: 1 << 8 }, (_, byte) => float8ToNumber(byte));
  const table = float8Table;
  for (let i = 0; i < target.length; i++) target[i] = table[bytes[i] ?? 0] ?? 0;
}

/** E4M3: 4 bits exponent, 3 bits fraction, no infinity. Source: https://arxiv.org/abs/2209.05433. */
function float8ToNumber(byte: number): number {
  const sign = byte & 0x80 ? -1 : 1;
  const exponent = (byte >> 3) & 0xf;
  const fraction = byte & 7;
  if (exponent === 15 && fraction === 7) return NaN;
  if (exponent === 0) return sign * fraction * 2 ** -9;
  return sign * (1 + fraction / 8) * 2 ** (exponent - 7);
}

/** Converts the 16 bits of an IEEE 754 binary16 value. Exact: every binary16 value is also a float32. */
export function float16ToNumber(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 0x1f;
  const fraction = word & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
