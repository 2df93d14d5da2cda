import type { Precision } from '../model-store/manifest.js';
import type { MatrixSource } from './checkpoint-tensors.js';
import type { GraphBuilder } from './graph-builder.js';
import type { WeightFile } from './weight-file.js';

/**
 * Adds the product of `x` [..., columns] with a weight of shape [rows, columns], as checkpoints hold it, and
 * returns the name of the result [..., rows]. The weight is written to the file on the way.
 */
export type EmitLinear = (x: string, name: string, weight: MatrixSource) => Promise<string>;

/** Activations in eight bits lie around 128 and reach 127 to either side. */
const ZERO_POINT = 128;
const ACTIVATION_LIMIT = 127;

/** Keeps a row of zeros from being divided by zero; far below any activation that matters. */
const SMALLEST_MAGNITUDE = 1e-12;

export function createLinear(
  precision: Precision,
  graph: GraphBuilder,
  weights: WeightFile,
): EmitLinear {
  return precision === 'fp32'
    ? createFloatLinear(graph, weights)
    : createInt8Linear(graph, weights);
}

function createFloatLinear(graph: GraphBuilder, weights: WeightFile): EmitLinear {
  return async (x, name, weight) => {
    const location = await weights.appendFloat32(weight);
    const shape = [weight.columns, weight.rows];
    return graph.emit(
      'MatMul',
      [x, graph.weight(`${name}.weight`, 'float32', shape, location)],
      `${name}.product`,
    );
  };
}

/**
 * Weights in eight bits with a scale for each output, activations in eight bits with a scale for each row: one
 * scale for a whole tensor would let a single outlier wipe out every other position.
 */
function createInt8Linear(graph: GraphBuilder, weights: WeightFile): EmitLinear {
  // Several products may share an input; it is quantised once.
  const quantized = new Map<string, { values: string; scale: string }>();
  return async (x, name, weight) => {
    const rows = quantized.get(x) ?? emitRowQuantization(graph, x);
    quantized.set(x, rows);
    const { scales, ...location } = await weights.appendInt8(weight);
    const values = graph.weight(`${name}.weight`, 'int8', [weight.columns, weight.rows], location);
    const zero = graph.byte('zero_point', ZERO_POINT);
    const sums = graph.emit('MatMulInteger', [rows.values, values, zero], `${name}.sums`);
    const floats = graph.emit('Cast', [sums], `${name}.floats`, { to: { int: 1 } });
    const scaled = graph.emit(
      'Mul',
      [floats, graph.floats(`${name}.scales`, scales)],
      `${name}.scaled`,
    );
    return graph.emit('Mul', [scaled, rows.scale], `${name}.product`);
  };
}

/** x [..., n] -> values [..., n] as uint8 and scale [..., 1] with x ≈ (values - 128) * scale. */
function emitRowQuantization(graph: GraphBuilder, x: string): { values: string; scale: string } {
  const limit = graph.floats('activation_limit', Float32Array.of(ACTIVATION_LIMIT), []);
  const smallest = graph.floats('smallest_magnitude', Float32Array.of(SMALLEST_MAGNITUDE), []);
  const offset = graph.floats('activation_offset', Float32Array.of(ZERO_POINT), []);
  const magnitudes = graph.emit('Abs', [x], `${x}.abs`);
  const largest = graph.emit('ReduceMax', [magnitudes], `${x}.largest`, {
    axes: { ints: [-1] },
    keepdims: { int: 1 },
  });
  const guarded = graph.emit('Max', [largest, smallest], `${x}.guarded`);
  const scale = graph.emit('Div', [guarded, limit], `${x}.scale`);
  const divided = graph.emit('Div', [x, scale], `${x}.divided`);
  const shifted = graph.emit('Add', [divided, offset], `${x}.shifted`);
  const rounded = graph.emit('Round', [shifted], `${x}.rounded`);
  return { values: graph.emit('Cast', [rounded], `${x}.bytes`, { to: { int: 2 } }), scale };
}
