import type { WeightEncoding } from '../../package/manifest.js';
import type { GraphBuilder } from './graph-builder.js';
import { emitQuantizedRows, type ValueRange } from './quantize-activations.js';
import type { WeightLayout, WeightPlacement } from './weight-layout.js';

/** Matrices of equal width, stacked so that one product replaces several. */
export interface StackedMatrix {
  /** Input features. */
  readonly columns: number;
  readonly parts: readonly MatrixPart[];
}

interface MatrixPart {
  /** Canonical name of the weight. */
  readonly tensor: string;
  readonly rows: number;
  /** Canonical name of the bias; all parts of a matrix have one, or none has. */
  readonly bias?: string;
}

/**
 * Adds `x` [..., columns] times the transpose of a weight [rows, columns] (the layout of checkpoints) plus its bias if
 * it has one, reserves space for both, and returns the name of the result [..., rows].
 */
export type EmitLinear = (
  x: string,
  name: string,
  matrix: StackedMatrix,
  /** Known range of x, for a finer int8 quantization. Must be the same for all products with x. */
  range?: ValueRange,
) => string;

export function createLinear(
  encoding: WeightEncoding,
  graph: GraphBuilder,
  layout: WeightLayout,
): EmitLinear {
  const emitProduct = createProduct(encoding, graph, layout);
  return (x, name, matrix, range) => {
    const product = emitProduct(x, name, matrix, range);
    const isBiased = matrix.parts.some(({ bias }) => bias !== undefined);
    return isBiased ? emitBias(graph, layout, product, name, matrix) : product;
  };
}

function createProduct(
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
    placeMatrices(layout, matrix, (firstRow) => ({
      kind: 'float32-columns',
      offset: location.offset + firstRow * 4,
      matrixRows: rows,
    }));
    const weight = graph.weight(`${name}.weight`, 'float32', [matrix.columns, rows], location);
    return graph.emit('MatMul', [x, weight], `${name}.product`);
  };
}

/**
 * int8 weights with a scale per output, activations quantized dynamically with a scale per row. With one scale per
 * tensor, an outlier in one position would cost the accuracy of all others.
 */
function createInt8Linear(graph: GraphBuilder, layout: WeightLayout): EmitLinear {
  // Products with the same input share its quantization.
  const quantized = new Map<string, ReturnType<typeof emitQuantizedRows>>();
  return (x, name, matrix, range) => {
    const rows = countRows(matrix);
    const location = layout.reserve(rows * matrix.columns);
    const scales = layout.reserve(rows * 4);
    placeMatrices(layout, matrix, (firstRow) => ({
      kind: 'int8-columns',
      offset: location.offset + firstRow,
      matrixRows: rows,
      scales: scales.offset + firstRow * 4,
    }));
    const activations = quantized.get(x) ?? emitQuantizedRows(graph, x, matrix.columns, range);
    quantized.set(x, activations);
    const values = graph.weight(`${name}.weight`, 'int8', [matrix.columns, rows], location);
    const factors = graph.weight(`${name}.scales`, 'float32', [rows], scales);
    // The operator takes one activation scale per tensor, so the scales per row are applied afterwards.
    const one = graph.floats('one', Float32Array.of(1), []);
    const inputs = [activations.values, values, one, factors, activations.zero];
    const scaled = graph.emit('MatMulIntegerToFloat', inputs, `${name}.scaled`);
    return graph.emit('Mul', [scaled, activations.scale], `${name}.product`);
  };
}

/** Block-quantized weights (MatMulNBits). With accuracy level 4 the kernel quantizes activations to int8 per block. */
function createBlockLinear(
  encoding: Extract<WeightEncoding, { kind: 'blocks' }>,
  graph: GraphBuilder,
  layout: WeightLayout,
): EmitLinear {
  const { bits, blockSize, zeroPoints, accuracyLevel } = encoding;
  const blockBytes = (blockSize * bits) / 8;
  return (x, name, matrix) => {
    const rows = countRows(matrix);
    const blocks = Math.ceil(matrix.columns / blockSize); // the last one is padded
    const pointBytes = Math.ceil((blocks * bits) / 8);
    const location = layout.reserve(rows * blocks * blockBytes);
    const scales = layout.reserve(rows * blocks * 4);
    const points = zeroPoints === 'stored' ? layout.reserve(rows * pointBytes) : null;
    placeMatrices(layout, matrix, (firstRow) => ({
      kind: 'blocks',
      offset: location.offset + firstRow * blocks * blockBytes,
      bits,
      blockSize,
      scales: scales.offset + firstRow * blocks * 4,
      zeroPoints: points && points.offset + firstRow * pointBytes,
    }));
    const inputs = [
      x,
      graph.weight(`${name}.weight`, 'uint8', [rows, blocks, blockBytes], location),
      graph.weight(`${name}.scales`, 'float32', [rows * blocks], scales),
    ];
    if (points) {
      const shape = [rows * pointBytes];
      inputs.push(graph.weight(`${name}.zero_points`, 'uint8', shape, points));
    }
    return graph.emit('MatMulNBits', inputs, `${name}.product`, {
      K: { int: matrix.columns },
      N: { int: rows },
      bits: { int: bits },
      block_size: { int: blockSize },
      accuracy_level: { int: accuracyLevel },
    });
  };
}

/** Biases stay float32 in all encodings. */
function emitBias(
  graph: GraphBuilder,
  layout: WeightLayout,
  product: string,
  name: string,
  matrix: StackedMatrix,
): string {
  const rows = countRows(matrix);
  const location = layout.reserve(rows * 4);
  let firstRow = 0;
  for (const { tensor, rows: length, bias } of matrix.parts) {
    if (bias === undefined)
      throw new RangeError(`${tensor} has no bias, and another part has one.`);
    const offset = location.offset + firstRow * 4;
    layout.place({ tensor: bias, shape: [length], placement: { kind: 'float32-rows', offset } });
    firstRow += length;
  }
  const values = graph.weight(`${name}.bias`, 'float32', [rows], location);
  return graph.emit('Add', [product, values], `${name}.biased`);
}

function countRows({ parts }: StackedMatrix): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}

function placeMatrices(
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
