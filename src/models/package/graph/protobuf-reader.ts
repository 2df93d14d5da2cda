import { invalidModel } from '../invalid-model.js';

/** One field of a protobuf message: an integer, or the bytes of a string, a nested message or a fixed32 value. */
export type Field =
  | { readonly number: number; readonly kind: 'integer'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array };

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** 64 bits in groups of 7. */
const MAX_VARINT_BYTES = 10;

/**
 * Yields the fields of a message in file order. Byte fields are views of `message`, not copies.
 * Wire format: https://protobuf.dev/programming-guides/encoding/.
 *
 * @throws MODEL_INVALID if a field exceeds the message or has a wire type that ONNX graphs do not use.
 */
export function* readFields(message: Uint8Array): Generator<Field> {
  let position = 0;
  const readVarint = (): bigint => {
    let value = 0n;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = message[position++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed();
  };
  const readBytes = (length: bigint): Uint8Array => {
    if (length > BigInt(message.length - position)) throw malformed();
    const begin = position;
    position += Number(length);
    return message.subarray(begin, position);
  };
  while (position < message.length) {
    const key = readVarint();
    if (key >= 1n << 32n) throw malformed();
    const number = Number(key >> 3n);
    const wireType = Number(key & 7n);
    if (wireType === VARINT) yield { number, kind: 'integer', value: readVarint() };
    else if (wireType === LENGTH_DELIMITED) {
      yield { number, kind: 'bytes', value: readBytes(readVarint()) };
    } else if (wireType === FIXED32) yield { number, kind: 'bytes', value: readBytes(4n) };
    else throw malformed();
  }
}

function malformed(): Error {
  return invalidModel('the protobuf encoding is damaged');
}

/**
 * `readFields` that rejects unknown fields.
 *
 * @param known allowed field numbers.
 * @param label kind of message, for the error.
 * @throws MODEL_INVALID
 */
export function* readKnownFields(
  message: Uint8Array,
  known: readonly number[],
  label: string,
): Generator<Field> {
  for (const field of readFields(message)) {
    if (!known.includes(field.number)) {
      throw invalidModel(`a ${label} contains the unknown field ${field.number}`);
    }
    yield field;
  }
}

/** @throws MODEL_INVALID unless the field is length-delimited. */
export function toBytes(field: Field): Uint8Array {
  if (field.kind !== 'bytes') throw malformed();
  return field.value;
}

/** An unsigned 64-bit integer. @throws MODEL_INVALID unless the field is a varint. */
export function toInteger(field: Field): bigint {
  if (field.kind !== 'integer') throw malformed();
  return field.value;
}

/** Decoded as Latin-1, one character per byte: names are compared only. @throws MODEL_INVALID */
export function toText(field: Field): string {
  return Buffer.from(toBytes(field)).toString('latin1');
}
