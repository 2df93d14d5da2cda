import type { GraphBuilder } from './graph-builder.js';
import type { LayerAttention } from './attention-inputs.js';

/**
 * Prefill attention: many new positions of ONE sequence. Uses the fused kernel of ONNX Runtime (GroupQueryAttention),
 * which does not materialize the matrix of attention scores. It copies the cache, which is cheap compared with a
 * prefill chunk.
 *
 * @returns name of the result [1, sequence, attentionHeads * headDim].
 */
export function emitPrefillAttention(attention: LayerAttention): string {
  const { decoder, graph, inputs, flat, name } = attention;
  const past = (part: 'key' | 'value') => emitPast(attention, part);
  const current = (part: 'key' | 'value') => emitNew(attention, part);
  graph.emitAll(
    'GroupQueryAttention',
    [
      ...[flat.query, current('key'), current('value'), past('key'), past('value')],
      ...[inputs.lastPosition, inputs.totalPositions],
    ],
    [name('prompt.mixed'), name('prompt.all_keys'), name('prompt.all_values')],
    {
      num_heads: { int: decoder.attentionHeads },
      kv_num_heads: { int: decoder.keyValueHeads },
      do_rotary: { int: 0 },
      // The default of the operator.
      ...(decoder.attentionScale !== decoder.headDim ** -0.5 && {
        scale: { float: decoder.attentionScale },
      }),
      ...(decoder.attentionSoftcap !== null && { softcap: { float: decoder.attentionSoftcap } }),
    },
  );
  return name('prompt.mixed');
}

/**
 * Keys or values of the new positions, [1, sequence, keyValueHeads * headDim], rounded as in the cache. Otherwise the
 * result would depend on the chunk boundaries of the prefill.
 */
function emitNew(
  { decoder: { keyValueHeads, headDim }, graph, name, flat, quantized }: LayerAttention,
  part: 'key' | 'value',
): string {
  if (quantized === null) return flat[part];
  const label = name(`prompt.own_${part}`);
  const floats = emitFloats(graph, quantized[part].values, quantized[part].scale, headDim, label);
  const shape = graph.integers('own_rows_shape', [1, -1, keyValueHeads * headDim]);
  return graph.emit('Reshape', [floats, shape], label);
}

/** Cached keys or values of prefix and past as float32 [1, keyValueHeads, prefix + past, headDim]. */
function emitPast(
  { decoder: { keyValueHeads, headDim }, graph, name, prefix, past }: LayerAttention,
  part: 'key' | 'value',
): string {
  const label = name(`prompt.past_${part}`);
  const isTransposed = part === 'key' && past.scales !== null;
  const both = graph.emit('Concat', [prefix[part], past[part]], `${label}.both`, {
    axis: { int: isTransposed ? 3 : 2 },
  });
  if (!prefix.scales || !past.scales) return both;
  const rows = isTransposed
    ? graph.emit('Transpose', [both], `${label}.rows`, { perm: { ints: [0, 1, 3, 2] } })
    : both;
  const scales = [prefix.scales[part], past.scales[part]];
  const scale = graph.emit('Concat', scales, `${label}.row_scales`, { axis: { int: 3 } });
  const floats = emitFloats(graph, rows, scale, headDim, label);
  const shape = graph.integers('past_shape', [1, keyValueHeads, -1, headDim]);
  return graph.emit('Reshape', [floats, shape], label);
}

/** Dequantizes int8 rows with a scale each to float32 [rows, headDim]. */
function emitFloats(
  graph: GraphBuilder,
  rows: string,
  scale: string,
  headDim: number,
  label: string,
): string {
  const table = graph.integers(`table_${headDim}`, [-1, headDim]);
  const scales = graph.emit('Reshape', [scale, graph.integers('flat', [-1])], `${label}.scales`);
  const bytes = graph.emit('Reshape', [rows, table], `${label}.table`);
  return graph.emit('DequantizeLinear', [bytes, scales], `${label}.floats`, { axis: { int: 0 } });
}
