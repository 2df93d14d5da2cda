import { invalidModel } from '../invalid-model.js';

/** One field of a protocol buffers message: an integer, or the bytes of a text or nested message. */
export type Field =
  | { readonly number: number; readonly kind: 'integer'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly value: Uint8Array };

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** 64 bits at 7 a byte. */
const MAX_VARINT_BYTES = 10;

/**
 * Reads the fields of a message in their order; nested messages are views, not copies.
 * Source: https://protobuf.dev/programming-guides/encoding/.
 *
 * @throws MODEL_INVALID when a field ends behind the message or is of a kind that no graph file needs.
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
  return invalidModel('a graph file is malformed');
}

/**
 * Reads a message that may hold no other fields than these.
 *
 * @param known field numbers. @param label what the message is, for the error.
 * @throws MODEL_INVALID at the first other field.
 */
export function* readKnownFields(
  message: Uint8Array,
  known: readonly number[],
  label: string,
): Generator<Field> {
  for (const field of readFields(message)) {
    if (!known.includes(field.number)) {
      throw invalidModel(`a graph file holds an unknown field in a ${label}`);
    }
    yield field;
  }
}

/** @throws MODEL_INVALID unless the field holds bytes. */
export function toBytes(field: Field): Uint8Array {
  if (field.kind !== 'bytes') throw invalidModel('a graph file is malformed');
  return field.value;
}

/** 64 bits without a sign. @throws MODEL_INVALID unless the field holds an integer. */
export function toInteger(field: Field): bigint {
  if (field.kind !== 'integer') throw invalidModel('a graph file is malformed');
  return field.value;
}

/** A text, a character a byte: names here are compared and never shown. @throws MODEL_INVALID */
export function toText(field: Field): string {
  return Buffer.from(toBytes(field)).toString('latin1');
}
