/**
 * Protobuf wire types that ONNX needs. A field is a key, `number * 8 + wire type`, and a value.
 * Source: https://protobuf.dev/programming-guides/encoding/.
 */
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Encodes a message; fields are written in the order of the calls. */
export class ProtobufWriter {
  private readonly parts: Uint8Array[] = [];

  /** int32, int64 or enum. Negative numbers take ten bytes. */
  integer(field: number, value: number | bigint): this {
    return this.add(encodeVarint(field * 8 + VARINT), encodeVarint(value));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.add(encodeVarint(field * 8 + FIXED32), bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.add(encodeVarint(field * 8 + LENGTH_DELIMITED), encodeVarint(value.length), value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A nested message. */
  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.finish());
  }

  finish(): Uint8Array {
    return Buffer.concat(this.parts);
  }

  private add(...parts: Uint8Array[]): this {
    this.parts.push(...parts);
    return this;
  }
}

/** Base 128, lowest group first; the top bit marks a continuation. */
export function encodeVarint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
