import type { GraphBuilder } from './graph-builder.js';
import type { LayerAttention } from './attention-inputs.js';

/**
 * Attention of many new positions of ONE sequence: the runtime's fused kernel, which never holds a matrix of scores. It
 * copies the cache, which costs little beside a stretch of a prompt.
 *
 * @returns name of the result [1, sequence, attentionHeads * headDim].
 */
export function emitPrefillAttention(attention: LayerAttention): string {
  const { decoder, graph, run, flat, name } = attention;
  const past = (part: 'key' | 'value') => emitPast(attention, part);
  const own = (part: 'key' | 'value') => emitOwn(attention, part);
  graph.emitAll(
    'GroupQueryAttention',
    [
      ...[flat.query, own('key'), own('value'), past('key'), past('value')],
      ...[run.lastPosition, run.totalPositions],
    ],
    [name('prompt.mixed'), name('prompt.all_keys'), name('prompt.all_values')],
    {
      num_heads: { int: decoder.attentionHeads },
      kv_num_heads: { int: decoder.keyValueHeads },
      do_rotary: { int: 0 },
    },
  );
  return name('prompt.mixed');
}

/**
 * The new rows, [1, sequence, keyValueHeads * headDim], rounded as the cache rounds them: what comes of a prompt then does
 * not depend on where its stretches end.
 */
function emitOwn(
  { decoder: { keyValueHeads, headDim }, graph, name, flat, own }: LayerAttention,
  part: 'key' | 'value',
): string {
  if (own === null) return flat[part];
  const label = name(`prompt.own_${part}`);
  const floats = emitFloats(graph, own[part].values, own[part].scale, headDim, label);
  const shape = graph.integers('own_rows_shape', [1, -1, keyValueHeads * headDim]);
  return graph.emit('Reshape', [floats, shape], label);
}

/** Prefix and past, one behind the other, as float32 [1, keyValueHeads, prefix + past, headDim]. */
function emitPast(
  { decoder: { keyValueHeads, headDim }, graph, name, prefix, past }: LayerAttention,
  part: 'key' | 'value',
): string {
  const label = name(`prompt.past_${part}`);
  const isInColumns = part === 'key' && past.scales !== null;
  const both = graph.emit('Concat', [prefix[part], past[part]], `${label}.both`, {
    axis: { int: isInColumns ? 3 : 2 },
  });
  if (!prefix.scales || !past.scales) return both;
  const rows = isInColumns
    ? graph.emit('Transpose', [both], `${label}.rows`, { perm: { ints: [0, 1, 3, 2] } })
    : both;
  const scales = [prefix.scales[part], past.scales[part]];
  const scale = graph.emit('Concat', scales, `${label}.row_scales`, { axis: { int: 3 } });
  const floats = emitFloats(graph, rows, scale, headDim, label);
  const shape = graph.integers('past_shape', [1, keyValueHeads, -1, headDim]);
  return graph.emit('Reshape', [floats, shape], label);
}

/** Bytes with a scale a row -> float32 [rows, headDim]. */
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
