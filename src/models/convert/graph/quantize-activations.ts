import type { GraphBuilder } from './graph-builder.js';

/** The zero of unsigned bytes that stand for values of both signs. */
const MIDDLE = 128;
const LARGEST = 127;

/**
 * The zero of a query's bytes, which reach from 1 to 127: processors without VNNI add pairs of products in sixteen bits, and
 * the way around that (see runtime/saturation.ts) is for constants, not for a cache on the right.
 */
export const QUERY_ZERO_POINT = 64;

/** Keeps a row of zeros from being divided by zero; far below any value that matters. */
const SMALLEST_MAGNITUDE = 1e-12;

/** The zero of unsigned bytes that stand for values hardly below zero: nearly twice the steps for those above. */
const LOW_ZERO = 24;
const LARGEST_UNSIGNED = 255;

/** What is known of values before they are there. */
export interface ValueRange {
  /** Below zero, and small beside the largest values. */
  readonly minimum: number;
}

/** Rows of a tensor in eight bits: x ≈ (values - zero) * scale. */
export interface QuantizedRows {
  /** Name of a tensor of the shape of x. */
  readonly values: string;
  /** Name of [..., 1] float32. */
  readonly scale: string;
}

/**
 * Quantises a large tensor along its last dimension, with one scale a row: one for a whole tensor would let a single outlier
 * wipe out every other position. Values are uint8, the only left operand of a product of bytes that the runtime is fast with
 * on x64: around 128, or around a lower zero where `range` allows it.
 *
 * @param columns the last dimension.
 */
export function emitQuantizedRows(
  graph: GraphBuilder,
  x: string,
  columns: number,
  range?: ValueRange,
): QuantizedRows & {
  /** Name of the byte that stands for zero. */ readonly zero: string;
} {
  const zero = range ? graph.byte('low_zero', LOW_ZERO) : graph.byte('middle', MIDDLE);
  const scale = range ? emitPositiveScale(graph, x, range) : emitScale(graph, x, `${x}.scale`);
  // One pass over memory: a scale for each row is a scale along the first axis of a table.
  const shape = graph.integers(`table_${columns}`, [-1, columns]);
  const table = graph.emit('Reshape', [x, shape], `${x}.table`);
  const scales = graph.emit('Reshape', [scale, graph.integers('flat', [-1])], `${x}.scales`);
  const count = graph.emit('Shape', [scales], `${x}.rows`);
  const zeros = graph.emit('Expand', [zero, count], `${x}.zeros`);
  const bytes = graph.emit('QuantizeLinear', [table, scales, zeros], `${x}.table_bytes`, {
    axis: { int: 0 },
  });
  const original = graph.emit('Shape', [x], `${x}.shape`);
  return {
    values: graph.emit('Reshape', [bytes, original], `${x}.bytes`),
    scale,
    zero,
  };
}

/**
 * The same in fewer operators and two passes, for small tensors.
 *
 * @param kind `cached`: int8, the right operand of a product of bytes; `query`: uint8 around QUERY_ZERO_POINT, the left one.
 */
export function emitQuantizedSmallRows(
  graph: GraphBuilder,
  x: string,
  kind: 'cached' | 'query',
): QuantizedRows {
  const scale = emitScale(
    graph,
    x,
    `${x}.scale`,
    kind === 'query' ? QUERY_ZERO_POINT - 1 : LARGEST,
  );
  const divided = graph.emit('Div', [x, scale], `${x}.divided`);
  const one = graph.floats('one', Float32Array.of(1), []);
  const zero =
    kind === 'query'
      ? graph.byte('query_middle', QUERY_ZERO_POINT)
      : graph.signedByte('signed_zero', 0);
  return {
    values: graph.emit('QuantizeLinear', [divided, one, zero], `${x}.bytes`),
    scale,
  };
}

/** The largest magnitude of each row over that of a byte, [..., 1]. */
function emitScale(graph: GraphBuilder, x: string, output: string, byte = LARGEST): string {
  const limit = graph.floats(`largest_${byte}`, Float32Array.of(byte), []);
  const smallest = graph.floats('smallest_magnitude', Float32Array.of(SMALLEST_MAGNITUDE), []);
  const magnitudes = graph.emit('Abs', [x], `${x}.magnitudes`);
  const largest = graph.emit('ReduceMax', [magnitudes], `${x}.largest`, {
    axes: { ints: [-1] },
    keepdims: { int: 1 },
  });
  const guarded = graph.emit('Max', [largest, smallest], `${x}.guarded`);
  return graph.emit('Div', [guarded, limit], output);
}

/** So large that each row's largest value and the least possible one fit beside LOW_ZERO; one pass over memory. */
function emitPositiveScale(graph: GraphBuilder, x: string, { minimum }: ValueRange): string {
  const largest = graph.emit('ReduceMax', [x], `${x}.largest`, {
    axes: { ints: [-1] },
    keepdims: { int: 1 },
  });
  const above = graph.floats('steps_above', Float32Array.of(LARGEST_UNSIGNED - LOW_ZERO), []);
  const least = graph.floats(`scale_of_${minimum}`, Float32Array.of(-minimum / LOW_ZERO), []);
  const scale = graph.emit('Div', [largest, above], `${x}.scale_above`);
  return graph.emit('Max', [scale, least], `${x}.scale`);
}
