import type { DecoderManifest } from '../../models/package/manifest.js';
import type { GraphTensor } from '../../runtime/graph-session.js';

/** One tensor of a layer's keys or values: `width` values per head and position. */
export interface CachePlane {
  readonly layer: number;
  /** Suffix of the graph input, e.g. `0.key` or `0.value_scale`. */
  readonly name: string;
  readonly type: 'float32' | 'int8';
  /** Layout of a head: `rows` is [positions, width], `columns` is [width, positions]. */
  readonly layout: 'rows' | 'columns';
  readonly heads: number;
  readonly width: number;
}

export type PlaneData = Float32Array | Int8Array;

export type CacheConfig = Pick<DecoderManifest, 'layers' | 'keyValueHeads' | 'headDim' | 'cache'>;

const BYTES = { float32: 4, int8: 1 } as const;

/**
 * The planes of all layers: keys and values in float32, or in int8 with scales and shifts. Int8 keys are stored in
 * columns, because a decode step multiplies one query with all keys and ONNX Runtime uses the right operand without
 * repacking.
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

/** Bytes of one position of one sequence in all layers. */
export function cacheBytesPerToken(config: CacheConfig): number {
  return cachePlanes(config).reduce(
    (total, { type, heads, width }) => total + heads * width * BYTES[type],
    0,
  );
}

/** A zeroed array for `slots` sequences of `positions` positions. */
export function allocate(
  { type, heads, width }: CachePlane,
  slots: number,
  positions: number,
): PlaneData {
  const length = slots * heads * width * positions;
  return type === 'float32' ? new Float32Array(length) : new Int8Array(length);
}

/** A plane as a graph tensor, `[slots, heads, positions, width]` or `[slots, heads, width, positions]`. */
export function planeTensor(
  { type, layout, heads, width }: CachePlane,
  slots: number,
  positions: number,
  data: PlaneData,
): GraphTensor {
  const head = layout === 'rows' ? [positions, width] : [width, positions];
  return { type, shape: [slots, heads, ...head], data } as GraphTensor;
}

/** A slot of a plane as contiguous lines: each has `run` values per position, position after position. */
export function linesOf({ layout, heads, width }: CachePlane): { lines: number; run: number } {
  return layout === 'rows' ? { lines: heads, run: width } : { lines: heads * width, run: 1 };
}

/**
 * Changes the length of lines in place, from `from` to `to` values. The values beyond the shorter length are undefined.
 */
export function moveLines(data: PlaneData, lines: number, from: number, to: number): void {
  if (from === to) return;
  const kept = Math.min(from, to);
  // Growing lines move from the last to the first, so that none is overwritten before it is moved.
  const [first, end, step] = to > from ? [lines - 1, -1, -1] : [0, lines, 1];
  for (let line = first; line !== end; line += step) {
    data.copyWithin(line * to, line * from, line * from + kept);
  }
}

/**
 * Zeroes reused memory: the grown part of the `kept` lines and all lines after them. The attention mask hides any
 * finite value, but not a NaN.
 */
export function clearUnused(
  data: PlaneData,
  kept: number,
  from: number,
  to: number,
  lines: number,
): void {
  if (to > from) {
    for (let line = 0; line < kept; line++) data.fill(0, line * to + from, (line + 1) * to);
  }
  data.fill(0, kept * to, lines * to);
}

/** Equally spaced lines within an array. */
export interface Strided {
  readonly data: PlaneData;
  readonly start: number;
  /** Values from the start of one line to the start of the next. */
  readonly stride: number;
}

/** For shorter lines a loop is faster than `subarray` views. */
const SHORT = 16;

/** Copies the first `length` values of `lines` lines. */
export function copyLines(from: Strided, to: Strided, lines: number, length: number): void {
  const [source, target] = [from.data, to.data];
  if (from.stride === length && to.stride === length) {
    // Lines without gaps are one block.
    target.set(source.subarray(from.start, from.start + lines * length), to.start);
    return;
  }
  for (let line = 0; line < lines; line++) {
    const a = from.start + line * from.stride;
    const b = to.start + line * to.stride;
    if (length < SHORT) for (let i = 0; i < length; i++) target[b + i] = source[a + i] ?? 0;
    else target.set(source.subarray(a, a + length), b);
  }
}
