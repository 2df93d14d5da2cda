/**
 * Every operator that a package's graphs may use, with its domain: '' is ONNX itself, the other the operators
 * that ONNX Runtime adds. Conversion writes no other and loading accepts no other, which keeps control flow,
 * functions and custom code out of a package.
 */
export const GRAPH_OPERATORS: ReadonlyMap<string, string> = new Map([
  ...[
    'Abs',
    'Add',
    'Cast',
    'Concat',
    'Conv',
    'Div',
    'Gather',
    'Identity',
    'LayerNormalization',
    'MatMul',
    'MatMulInteger',
    'Max',
    'Mul',
    'ReduceMax',
    'Reshape',
    'Round',
    'Shape',
    'SimplifiedLayerNormalization',
    'Softmax',
    'Split',
    'Transpose',
  ].map((name) => [name, ''] as const),
  ...[
    'FastGelu',
    'FusedMatMul',
    'Gelu',
    'MatMulNBits',
    'MultiHeadAttention',
    'QuickGelu',
    'RotaryEmbedding',
    'SkipLayerNormalization',
    'SkipSimplifiedLayerNormalization',
  ].map((name) => [name, 'com.microsoft'] as const),
]);
