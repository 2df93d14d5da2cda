import { invalidModel } from './invalid-model.js';
import { type Field, readFields } from './protobuf-reader.js';

/**
 * Reads a message that may hold no other fields than these.
 *
 * @param known field numbers. @param label what the message is, for the error.
 * @throws MODEL_INVALID at the first other field.
 */
export function* readKnown(
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
