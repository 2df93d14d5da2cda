/**
 * Every operator that a package's graphs may use, with its domain: '' is ONNX itself, the other the operators
 * that ONNX Runtime adds. Conversion writes no other and loading accepts no other, which keeps loops, functions and custom
 * code out of a package; `If` chooses between two lists of the same operators.
 */
export const GRAPH_OPERATORS: ReadonlyMap<string, string> = new Map([
  ...[
    'Abs',
    'Add',
    'Cast',
    'Concat',
    'Conv',
    'DequantizeLinear',
    'Div',
    'Equal',
    'Expand',
    'Floor',
    'Gather',
    'Identity',
    'If',
    'LayerNormalization',
    'MatMul',
    'MatMulInteger',
    'Max',
    'Mul',
    'Not',
    'QuantizeLinear',
    'ReduceMax',
    'Reshape',
    'Shape',
    'SimplifiedLayerNormalization',
    'Softmax',
    'Split',
    'Sub',
    'Transpose',
  ].map((name) => [name, ''] as const),
  ...[
    'FastGelu',
    'FusedMatMul',
    'Gelu',
    'GroupQueryAttention',
    'MatMulIntegerToFloat',
    'MatMulNBits',
    'MultiHeadAttention',
    'QuickGelu',
    'RotaryEmbedding',
    'SkipSimplifiedLayerNormalization',
  ].map((name) => [name, 'com.microsoft'] as const),
]);
