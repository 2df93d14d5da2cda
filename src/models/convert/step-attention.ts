import type { LayerAttention } from './layer-attention.js';
import { emitSmallRowBytes } from './row-bytes.js';
import {
  byteScores,
  emitByteMixture,
  emitFloatMixture,
  floatScores,
  type Part,
} from './step-products.js';

/**
 * Attention of one new position for each of several sequences. The cache is read once and never copied: scores and
 * mixtures are products with each of its parts, and query heads that share a key head are rows of one product. A beginning
 * that all sequences share is multiplied with the queries of all of them at once.
 *
 * @returns name of the result [batch, 1, attentionHeads * headDim].
 */
export function emitStepAttention(attention: LayerAttention): string {
  const { graph, run, name, prefix, past } = attention;
  const own: Part = { owner: 'own', rows: past, label: 'past' };
  const shared: Part = { owner: 'shared', rows: prefix, label: 'prefix' };
  return graph.choose(
    run.hasPrefix,
    name('step.output'),
    () => emitOver(attention, [shared, own], run.splitWithPrefix, 'forked'),
    () => emitOver(attention, [own], run.split, 'alone'),
  );
}

/** @param split sizes of the parts and of the new position. */
function emitOver(
  { decoder, graph, name: layerName, flat }: LayerAttention,
  parts: readonly Part[],
  split: string,
  variant: string,
): string {
  const { attentionHeads, keyValueHeads, headDim } = decoder;
  const name = (part: string) => layerName(`${variant}.${part}`);
  const context = { decoder, graph, name };
  const factor = graph.floats('query_factor', Float32Array.of(headDim ** -0.5), []);
  const scaled = graph.emit('Mul', [flat.query, factor], name('query_scaled'));
  // One position: its heads lie beside each other already.
  const group = graph.integers('query_group_shape', [0, keyValueHeads, -1, headDim]);
  const query = graph.emit('Reshape', [scaled, group], name('query')); // [batch, kvHeads, group, headDim]

  const isFloat = parts.every(({ rows }) => rows.scales === null);
  const scoresOf = isFloat
    ? floatScores(context, query)
    : byteScores(context, emitSmallRowBytes(graph, query, 'query'));
  const one = graph.integers('one_row_shape', [0, keyValueHeads, 1, headDim]);
  const newKey = graph.emit('Reshape', [flat.key, one], name('new_key'));
  const newValue = graph.emit('Reshape', [flat.value, one], name('new_value'));
  const newScores = graph.emit('FusedMatMul', [query, newKey], name('new_scores'), {
    transB: { int: 1 },
  });
  const scores = graph.emit('Concat', [...parts.map(scoresOf), newScores], name('scores'), {
    axis: { int: 3 },
  }); // [batch, kvHeads, group, prefix + past + 1]
  const biased = graph.emit('Add', [scores, 'attention_bias'], name('scores_biased'));
  const weights = graph.emit('Softmax', [biased], name('weights'), { axis: { int: -1 } });
  const pieces = [...parts.map(({ label }) => name(`${label}_weights`)), name('new_weights')];
  graph.emitAll('Split', [weights, split], pieces, { axis: { int: 3 } });

  const newMixed = graph.emit('MatMul', [name('new_weights'), newValue], name('new_mixed'));
  const emitPastMixture = isFloat ? emitFloatMixture : emitByteMixture;
  const pastMixed = emitPastMixture(context, parts);
  const mixed = graph.emit('Add', [pastMixed, newMixed], name('mixed')); // [batch, kvHeads, group, headDim]
  const row = graph.integers('step_row_shape', [0, 1, attentionHeads * headDim]);
  return graph.emit('Reshape', [mixed, row], name('output'));
}
