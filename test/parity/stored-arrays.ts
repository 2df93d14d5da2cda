import { inflateSync } from 'node:zlib';

/** Where an array lies in a file of references, and what it was before compression. */
export interface StoredArray {
  readonly offset: number;
  readonly bytes: number;
  readonly type: 'float32' | 'uint8' | 'uint16';
  readonly shape: readonly number[];
}

/** Every `stride`-th value of an array of `shape`, and figures over all of it. */
export interface SampledArray extends StoredArray {
  readonly stride: number;
  readonly meanAbs: number;
  readonly rootMeanSquare: number;
  readonly maxAbs: number;
}

/** The values that were stored in a file of references: for a sampled array only the samples. */
export function readStored(
  blob: Uint8Array,
  { offset, bytes, type }: StoredArray,
): Float32Array | Uint8Array | Uint16Array {
  const raw = Uint8Array.from(inflateSync(blob.subarray(offset, offset + bytes)));
  switch (type) {
    case 'float32':
      return new Float32Array(raw.buffer);
    case 'uint16':
      return new Uint16Array(raw.buffer);
    case 'uint8':
      return raw;
  }
}
