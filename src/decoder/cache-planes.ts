import type { DecoderManifest } from '../model-store/manifest.js';
import type { GraphTensor } from '../runtime/graph-session.js';

/** One of the tensors that hold a layer's keys and values: `width` values for each head and position. */
export interface CachePlane {
  readonly layer: number;
  /** As in the graph's inputs: `0.key`, `0.value_scale`. */
  readonly name: string;
  readonly type: 'float32' | 'uint8' | 'int8';
  readonly width: number;
}

export type PlaneData = Float32Array | Uint8Array | Int8Array;

export type CacheConfig = Pick<DecoderManifest, 'layers' | 'keyValueHeads' | 'headDim' | 'cache'>;

const BYTES = { float32: 4, uint8: 1, int8: 1 } as const;

/** The planes of all layers: two of float32 each, or two of bytes and two of their scales. */
export function cachePlanes({ layers, headDim, cache }: CacheConfig): CachePlane[] {
  return Array.from({ length: layers }, (_, layer): CachePlane[] => {
    const plane = (part: string, type: CachePlane['type'], width: number): CachePlane => ({
      ...{ layer, name: `${layer}.${part}`, type, width },
    });
    if (cache === 'float32') {
      return [plane('key', 'float32', headDim), plane('value', 'float32', headDim)];
    }
    return [
      plane('key', 'uint8', headDim),
      plane('value', 'int8', headDim),
      plane('key_scale', 'float32', 1),
      plane('value_scale', 'float32', 1),
    ];
  }).flat();
}

/** Bytes that one position of one sequence takes in all layers. */
export function cacheBytesPerToken(config: CacheConfig): number {
  return cachePlanes(config).reduce(
    (total, { type, width }) => total + config.keyValueHeads * width * BYTES[type],
    0,
  );
}

export function allocate({ type }: CachePlane, length: number): PlaneData {
  switch (type) {
    case 'float32':
      return new Float32Array(length);
    case 'uint8':
      return new Uint8Array(length);
    case 'int8':
      return new Int8Array(length);
  }
}

/** The shape of a plane over some positions, as the graph takes it: scales lie in a row. */
export function planeShape(
  { width }: CachePlane,
  slots: number,
  heads: number,
  positions: number,
): number[] {
  return width === 1 ? [slots, heads, 1, positions] : [slots, heads, positions, width];
}

/** @param data of the plane's own type. */
export function planeTensor(
  plane: CachePlane,
  shape: readonly number[],
  data: PlaneData,
): GraphTensor {
  return { type: plane.type, shape, data } as GraphTensor;
}
