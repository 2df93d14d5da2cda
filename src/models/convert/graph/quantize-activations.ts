import type { GraphBuilder } from './graph-builder.js';

/** Zero point of uint8 for values of both signs. */
const ZERO_POINT = 128;
const LARGEST = 127;

/**
 * Zero point of quantized queries, which use the range 1 to 127. CPUs without VNNI add pairs of products in int16,
 * which can saturate with larger values. The workaround for weights (runtime/saturation.ts) does not work for a KV
 * cache.
 */
export const QUERY_ZERO_POINT = 64;

/** Avoids a division by zero for rows of zeros. */
const SMALLEST_MAGNITUDE = 1e-12;

/** Zero point of uint8 for values that are hardly negative: nearly twice the resolution for positive ones. */
const LOW_ZERO = 24;
const LARGEST_UNSIGNED = 255;

/** Known range of an activation. */
export interface ValueRange {
  /** Negative, and small compared with the largest values. */
  readonly minimum: number;
}

/** Names of a tensor quantized per row: x ≈ (values - zero point) * scale. */
export interface QuantizedRows {
  /** uint8 or int8, with the shape of x. */
  readonly values: string;
  /** float32 [..., 1]. */
  readonly scale: string;
}

/**
 * Emits the dynamic quantization of `x` [..., columns] to uint8 with a scale per row. ONNX Runtime's int8 kernels for
 * x64 are fast with uint8 as the left operand only. The zero point is 128, or 24 if `range` excludes large negative
 * values.
 *
 * @param columns last dimension of x.
 */
export function emitQuantizedRows(
  graph: GraphBuilder,
  x: string,
  columns: number,
  range?: ValueRange,
): QuantizedRows & {
  /** Name of the zero point. */ readonly zero: string;
} {
  const zero = range ? graph.byte('low_zero', LOW_ZERO) : graph.byte('middle', ZERO_POINT);
  const scale = range ? emitPositiveScale(graph, x, range) : emitScale(graph, x, `${x}.scale`);
  // Reshaped to [rows, columns] because QuantizeLinear takes a scale per index of one axis.
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
 * As `emitQuantizedRows`, with fewer operators but two passes over the data: faster for small tensors.
 *
 * @param kind `cached`: int8 with zero point 0 (right operand). `query`: uint8 with QUERY_ZERO_POINT (left operand).
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

/** Absolute maximum of each row / limit, [..., 1]. */
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

/** Smallest scale that covers the maximum of each row and `minimum` with the zero point LOW_ZERO, [..., 1]. */
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
