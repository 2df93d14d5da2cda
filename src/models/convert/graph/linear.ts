import type { WeightEncoding } from '../../package/manifest.js';
import type { GraphBuilder } from './graph-builder.js';
import { emitQuantizedRows, type ValueRange } from './quantize-activations.js';
import type { WeightLayout, WeightPlacement } from './weight-layout.js';

/** Matrices of equal width, one below the other, so that one product computes what several would. */
export interface StackedMatrix {
  /** Width: what a product sums over. */
  readonly columns: number;
  readonly parts: readonly { readonly tensor: string; readonly rows: number }[];
}

/**
 * Adds the product of `x` [..., columns] with a weight of shape [rows, columns], as checkpoints hold it, and
 * returns the name of the result [..., rows]. The weight gets its place in the file on the way.
 */
export type EmitLinear = (
  x: string,
  name: string,
  matrix: StackedMatrix,
  /** Of x, where it is known: eight bits become finer. The same at every product with x. */
  range?: ValueRange,
) => string;

export function createLinear(
  encoding: WeightEncoding,
  graph: GraphBuilder,
  layout: WeightLayout,
): EmitLinear {
  switch (encoding.kind) {
    case 'float32':
      return createFloatLinear(graph, layout);
    case 'int8-rows':
      return createInt8Linear(graph, layout);
    case 'blocks':
      return createBlockLinear(encoding, graph, layout);
  }
}

function createFloatLinear(graph: GraphBuilder, layout: WeightLayout): EmitLinear {
  return (x, name, matrix) => {
    const rows = countRows(matrix);
    const location = layout.reserve(rows * matrix.columns * 4);
    placeParts(layout, matrix, (firstRow) => ({
      kind: 'float32-columns',
      offset: location.offset + firstRow * 4,
      matrixRows: rows,
    }));
    const weight = graph.weight(`${name}.weight`, 'float32', [matrix.columns, rows], location);
    return graph.emit('MatMul', [x, weight], `${name}.product`);
  };
}

/**
 * Weights in eight bits with a scale for each output, activations in eight bits with a scale for each row: one
 * scale for a whole tensor would let a single outlier wipe out every other position.
 */
function createInt8Linear(graph: GraphBuilder, layout: WeightLayout): EmitLinear {
  // Several products may share an input; it is quantised once.
  const quantized = new Map<string, ReturnType<typeof emitQuantizedRows>>();
  return (x, name, matrix, range) => {
    const rows = countRows(matrix);
    const location = layout.reserve(rows * matrix.columns);
    const scales = layout.reserve(rows * 4);
    placeParts(layout, matrix, (firstRow) => ({
      kind: 'int8-columns',
      offset: location.offset + firstRow,
      matrixRows: rows,
      scales: scales.offset + firstRow * 4,
    }));
    const activations = quantized.get(x) ?? emitQuantizedRows(graph, x, matrix.columns, range);
    quantized.set(x, activations);
    const values = graph.weight(`${name}.weight`, 'int8', [matrix.columns, rows], location);
    const factors = graph.weight(`${name}.scales`, 'float32', [rows], scales);
    // The kernel knows one scale for all activations; that of a row is multiplied in behind it.
    const one = graph.floats('one', Float32Array.of(1), []);
    const inputs = [activations.values, values, one, factors, activations.zero];
    const scaled = graph.emit('MatMulIntegerToFloat', inputs, `${name}.scaled`);
    return graph.emit('Mul', [scaled, activations.scale], `${name}.product`);
  };
}

/**
 * Weights in blocks along a row, each with a scale of its own, around the middle of their range. The runtime
 * quantises activations to eight bits, block by block.
 */
function createBlockLinear(
  encoding: Extract<WeightEncoding, { kind: 'blocks' }>,
  graph: GraphBuilder,
  layout: WeightLayout,
): EmitLinear {
  const { bits, blockSize, accuracyLevel } = encoding;
  const blockBytes = (blockSize * bits) / 8;
  return (x, name, matrix) => {
    const rows = countRows(matrix);
    const blocks = Math.ceil(matrix.columns / blockSize); // the last one may be filled up
    const location = layout.reserve(rows * blocks * blockBytes);
    const scales = layout.reserve(rows * blocks * 4);
    placeParts(layout, matrix, (firstRow) => ({
      kind: 'blocks',
      offset: location.offset + firstRow * blocks * blockBytes,
      bits,
      blockSize,
      scales: scales.offset + firstRow * blocks * 4,
    }));
    const values = graph.weight(`${name}.weight`, 'uint8', [rows, blocks, blockBytes], location);
    const factors = graph.weight(`${name}.scales`, 'float32', [rows * blocks], scales);
    return graph.emit('MatMulNBits', [x, values, factors], `${name}.product`, {
      K: { int: matrix.columns },
      N: { int: rows },
      bits: { int: bits },
      block_size: { int: blockSize },
      accuracy_level: { int: accuracyLevel },
    });
  };
}

function countRows({ parts }: StackedMatrix): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}

function placeParts(
  layout: WeightLayout,
  { columns, parts }: StackedMatrix,
  placementAt: (firstRow: number) => WeightPlacement,
): void {
  let firstRow = 0;
  for (const { tensor, rows } of parts) {
    layout.place({
      tensor,
      shape: [rows, columns],
      placement: placementAt(firstRow),
    });
    firstRow += rows;
  }
}
