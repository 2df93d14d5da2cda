import type { DecoderArchitecture } from './architecture.js';
import type { GraphBuilder } from './graph-builder.js';

/** Names of the shapes that every layer's attention needs, computed once a run. */
export interface AttentionShapes {
  /** Sizes of past and new positions, to split the probabilities. */
  readonly split: string;
  /** Scores as [batch, keyValueHeads, group, sequence, total]. */
  readonly byHead: string;
  /** Probabilities as [batch, keyValueHeads, group * sequence, total]. */
  readonly folded: string;
}

/** Reads the run's sizes off its inputs, so that the caller need not pass them. */
export function emitAttentionShapes(
  { attentionHeads, keyValueHeads }: DecoderArchitecture,
  graph: GraphBuilder,
): AttentionShapes {
  const group = attentionHeads / keyValueHeads;
  const past = graph.emit('Shape', ['past.0.key'], 'sizes.past', {
    start: { int: 2 },
    end: { int: 3 },
  });
  const sequence = graph.emit('Shape', ['inputs_embeds'], 'sizes.sequence', {
    start: { int: 1 },
    end: { int: 2 },
  });
  const total = graph.emit('Add', [past, sequence], 'sizes.total');
  const axis = { axis: { int: 0 } };
  // In a shape, 0 keeps the input's size and -1 is whatever remains.
  const byHead = graph.integers('sizes.by_head_prefix', [0, keyValueHeads, group, -1]);
  const folded = graph.integers('sizes.folded_prefix', [0, keyValueHeads, -1]);
  return {
    split: graph.emit('Concat', [past, sequence], 'sizes.split', axis),
    byHead: graph.emit('Concat', [byHead, total], 'sizes.by_head', axis),
    folded: graph.emit('Concat', [folded, total], 'sizes.folded', axis),
  };
}

/** Names of one layer's place in the caller's cache and of the rows it adds. */
interface CacheNames {
  readonly pastKey: string;
  readonly pastValue: string;
  readonly newKey: string;
  readonly newValue: string;
}

/** Declares the inputs `past.*` and the outputs `present.*` of a layer. */
function emitCache(
  { keyValueHeads, headDim }: Pick<DecoderArchitecture, 'keyValueHeads' | 'headDim'>,
  graph: GraphBuilder,
  layer: number,
): CacheNames {
  const cache = ['batch', keyValueHeads, 'past', headDim];
  const pastKey = graph.input(`past.${layer}.key`, 'float32', cache);
  const pastValue = graph.input(`past.${layer}.value`, 'float32', cache);
  const newKey = `present.${layer}.key`;
  const newValue = `present.${layer}.value`;
  const fresh = ['batch', keyValueHeads, 'sequence', headDim];
  graph.output(newKey, 'float32', fresh);
  graph.output(newValue, 'float32', fresh);
  return { pastKey, pastValue, newKey, newValue };
}

/**
 * The new rows of one layer's cache, and nothing else of its attention.
 *
 * @param fused name of keys and values side by side [batch, sequence, 2 * keyValueHeads * headDim].
 */
export function emitCacheRows(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  layer: number,
  fused: string,
): void {
  const { newKey, newValue } = emitCache({ keyValueHeads, headDim }, graph, layer);
  const parts = [`attention.${layer}.key`, `attention.${layer}.value`] as const;
  graph.emitAll('Split', [fused], parts, { axis: { int: 2 } });
  const key = emitHeads(graph, parts[0], keyValueHeads, headDim, `${parts[0]}_heads`);
  emitHeads(graph, parts[1], keyValueHeads, headDim, newValue);
  emitRotation(graph, key, newKey);
}

/**
 * Attention of one layer over the caller's cache and the new rows, kept apart so that the cache is never copied.
 * The query heads that share a key head become rows of one product, so keys need no repeating.
 *
 * @param fused name of queries, keys and values side by side
 *   [batch, sequence, (attentionHeads + 2 * keyValueHeads) * headDim].
 * @returns name of the result [batch, sequence, attentionHeads * headDim].
 */
export function emitCachedAttention(
  decoder: DecoderArchitecture,
  graph: GraphBuilder,
  shapes: AttentionShapes,
  layer: number,
  fused: string,
): string {
  const { attentionHeads, keyValueHeads, headDim } = decoder;
  const name = (part: string) => `attention.${layer}.${part}`;
  const { pastKey, pastValue, newKey, newValue } = emitCache(decoder, graph, layer);
  const widths = [attentionHeads, keyValueHeads, keyValueHeads].map((heads) => heads * headDim);
  const parts = [name('query'), name('key'), name('value')] as const;
  graph.emitAll('Split', [fused, graph.integers('qkv_widths', widths)], parts, {
    axis: { int: 2 },
  });
  const query = emitHeads(graph, parts[0], attentionHeads, headDim, name('query_heads'));
  const key = emitHeads(graph, parts[1], keyValueHeads, headDim, name('key_heads'));
  emitHeads(graph, parts[2], keyValueHeads, headDim, newValue);
  const rotated = emitRotation(graph, query, name('query_rotated'));
  emitRotation(graph, key, newKey);

  const group = graph.integers('query_group_shape', [0, keyValueHeads, -1, headDim]);
  const grouped = graph.emit('Reshape', [rotated, group], name('query_grouped'));
  const product = { transB: { int: 1 }, alpha: { float: headDim ** -0.5 } };
  const scores = graph.emit(
    'Concat',
    [
      graph.emit('FusedMatMul', [grouped, pastKey], name('past_scores'), product),
      graph.emit('FusedMatMul', [grouped, newKey], name('new_scores'), product),
    ],
    name('scores'),
    { axis: { int: -1 } },
  ); // [batch, keyValueHeads, group * sequence, past + sequence]
  const byHead = graph.emit('Reshape', [scores, shapes.byHead], name('scores_by_head'));
  const biased = graph.emit('Add', [byHead, 'attention_bias'], name('scores_biased'));
  const weights = graph.emit('Softmax', [biased], name('weights'), { axis: { int: -1 } });
  const folded = graph.emit('Reshape', [weights, shapes.folded], name('weights_folded'));
  const [pastWeights, newWeights] = [name('past_weights'), name('new_weights')] as const;
  graph.emitAll('Split', [folded, shapes.split], [pastWeights, newWeights], { axis: { int: 3 } });
  const mixed = graph.emit(
    'Add',
    [
      graph.emit('MatMul', [pastWeights, pastValue], name('past_mixed')),
      graph.emit('MatMul', [newWeights, newValue], name('new_mixed')),
    ],
    name('mixed'),
  ); // [batch, keyValueHeads, group * sequence, headDim]

  const headShape = graph.integers('mixed_heads_shape', [0, attentionHeads, -1, headDim]);
  const heads = graph.emit('Reshape', [mixed, headShape], name('mixed_heads'));
  const rows = graph.emit('Transpose', [heads], name('mixed_rows'), {
    perm: { ints: [0, 2, 1, 3] },
  });
  const flat = graph.integers('mixed_flat_shape', [0, 0, attentionHeads * headDim]);
  return graph.emit('Reshape', [rows, flat], name('output'));
}

/** [batch, sequence, heads * headDim] -> [batch, heads, sequence, headDim] */
function emitHeads(
  graph: GraphBuilder,
  x: string,
  heads: number,
  headDim: number,
  output: string,
): string {
  const shape = graph.integers(`heads_shape_${heads}`, [0, 0, heads, headDim]);
  const split = graph.emit('Reshape', [x, shape], `${x}.split`);
  return graph.emit('Transpose', [split], output, { perm: { ints: [0, 2, 1, 3] } });
}

/** Rotary positions in Llama's layout: the first half of a head against the second. */
function emitRotation(graph: GraphBuilder, x: string, output: string): string {
  return graph.emit('RotaryEmbedding', [x, 'position_ids', 'rope_cos', 'rope_sin'], output, {
    interleaved: { int: 0 },
  });
}
