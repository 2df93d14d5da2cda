import type { DecoderManifest } from '../../models/package/manifest.js';
import type { GraphTensor } from '../../runtime/graph-session.js';

/** One of the tensors that hold a layer's keys and values: `width` values for each head and position. */
export interface CachePlane {
  readonly layer: number;
  /** As in the graph's inputs: `0.key`, `0.value_scale`. */
  readonly name: string;
  readonly type: 'float32' | 'int8';
  /** How a head lies: `rows` is [positions, width], `columns` is [width, positions]. */
  readonly layout: 'rows' | 'columns';
  readonly heads: number;
  readonly width: number;
}

export type PlaneData = Float32Array | Int8Array;

export type CacheConfig = Pick<DecoderManifest, 'layers' | 'keyValueHeads' | 'headDim' | 'cache'>;

const BYTES = { float32: 4, int8: 1 } as const;

/**
 * The planes of all layers: two of float32 each, or two of bytes and what belongs to them. Keys in bytes lie in columns:
 * a step multiplies one query with all of them, and the runtime reads the right operand of such a product as it lies.
 */
export function cachePlanes(config: CacheConfig): CachePlane[] {
  const { layers, keyValueHeads: heads, headDim, cache } = config;
  return Array.from({ length: layers }, (_, layer): CachePlane[] => {
    const named = (part: string) => ({ layer, name: `${layer}.${part}`, heads });
    const floats = (part: string): CachePlane => ({
      ...named(part),
      ...{ type: 'float32', layout: 'rows', width: headDim },
    });
    if (cache === 'float32') return [floats('key'), floats('value')];
    const ofPosition = (part: string): CachePlane => ({
      ...named(part),
      ...{ type: 'float32', layout: 'columns', width: 1 },
    });
    return [
      { ...named('key'), type: 'int8', layout: 'columns', width: headDim },
      { ...named('value'), type: 'int8', layout: 'rows', width: headDim },
      ...['key_scale', 'key_shift', 'value_scale'].map(ofPosition),
    ];
  }).flat();
}

/** Bytes that one position of one sequence takes in all layers. */
export function cacheBytesPerToken(config: CacheConfig): number {
  return cachePlanes(config).reduce(
    (total, { type, heads, width }) => total + heads * width * BYTES[type],
    0,
  );
}

/** Room for `positions` of so many sequences. */
export function allocate(
  { type, heads, width }: CachePlane,
  slots: number,
  positions: number,
): PlaneData {
  const length = slots * heads * width * positions;
  return type === 'float32' ? new Float32Array(length) : new Int8Array(length);
}

/** A plane over some positions, as the graph takes it. @param data of the plane's own type. */
export function planeTensor(
  { type, layout, heads, width }: CachePlane,
  slots: number,
  positions: number,
  data: PlaneData,
): GraphTensor {
  const head = layout === 'rows' ? [positions, width] : [width, positions];
  return { type, shape: [slots, heads, ...head], data } as GraphTensor;
}
