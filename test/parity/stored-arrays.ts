import { inflateSync } from 'node:zlib';

/** The place of an array in a reference file, and its uncompressed shape and type. */
export interface StoredArray {
  readonly offset: number;
  readonly bytes: number;
  readonly type: 'float32' | 'uint8' | 'uint16';
  readonly shape: readonly number[];
}

/** Every `stride`-th value of an array of `shape`, and the mean, root mean square and maximum of all. */
export interface SampledArray extends StoredArray {
  readonly stride: number;
  readonly meanAbs: number;
  readonly rootMeanSquare: number;
  readonly maxAbs: number;
}

/** The stored values of an array; of a sampled array only the samples. */
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
