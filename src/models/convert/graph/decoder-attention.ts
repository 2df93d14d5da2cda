import type { CacheEncoding } from '../../package/manifest.js';
import type { DecoderArchitecture } from '../checkpoint/architecture.js';
import type { GraphBuilder } from './graph-builder.js';
import type { AttentionInputs, CachedKeyValues, LayerAttention } from './attention-inputs.js';
import { emitPrefillAttention } from './prefill-attention.js';
import {
  emitQuantizedSmallRows,
  QUERY_ZERO_POINT,
  type QuantizedRows,
} from './quantize-activations.js';
import { emitDecodeAttention } from './decode-attention.js';

/** Reads the run's sizes off its inputs, so that the caller need not pass them. */
export function emitAttentionInputs(graph: GraphBuilder): AttentionInputs {
  const sizeOf = (x: string, axis: number, name: string) =>
    graph.emit('Shape', [x], name, { start: { int: axis }, end: { int: axis + 1 } });
  const sequence = sizeOf('inputs_embeds', 1, 'sizes.sequence');
  const prefix = sizeOf('prefix.0.value', 2, 'sizes.prefix');
  const past = sizeOf('past.0.value', 2, 'sizes.past');
  const filled = graph.input('past_length', 'int64', [1]);
  const before = graph.emit('Add', [prefix, filled], 'sizes.before');
  const total = graph.emit('Add', [before, sequence], 'sizes.total');
  const one = graph.integers('one_position', [1]);
  const none = graph.integers('no_position', [0]);
  const last = graph.emit('Sub', [total, one], 'sizes.last');
  const isEmpty = graph.emit('Equal', [prefix, none], 'is_prefix_empty');
  const int32 = { to: { int: 6 } };
  const axis = { axis: { int: 0 } };
  return {
    isStep: graph.emit('Equal', [sequence, one], 'is_step'),
    hasPrefix: graph.emit('Not', [isEmpty], 'has_prefix'),
    lastPosition: graph.emit('Cast', [last], 'last_position_int32', int32),
    totalPositions: graph.emit('Cast', [total], 'total_positions_int32', int32),
    splitWithPrefix: graph.emit('Concat', [prefix, past, one], 'sizes.split_prefix', axis),
    split: graph.emit('Concat', [past, one], 'sizes.split', axis),
  };
}

/**
 * Attention of one layer over the caller's cache and the new rows. Prompts and steps have a kernel each, and the graph
 * chooses by the number of positions; either may be longer than the cache's filled part.
 *
 * @param fused name of queries, keys and values side by side
 *   [batch, sequence, (attentionHeads + 2 * keyValueHeads) * headDim].
 * @returns name of the result [batch, sequence, attentionHeads * headDim].
 */
export function emitCachedAttention(
  decoder: DecoderArchitecture,
  graph: GraphBuilder,
  run: AttentionInputs,
  layer: number,
  fused: string,
  encoding: CacheEncoding,
): string {
  const { attentionHeads, keyValueHeads, headDim } = decoder;
  const name = (part: string) => `attention.${layer}.${part}`;
  const widths = [attentionHeads, keyValueHeads, keyValueHeads].map((heads) => heads * headDim);
  const parts = [name('query'), name('key'), name('value')] as const;
  graph.emitAll('Split', [fused, graph.integers('qkv_widths', widths)], parts, {
    axis: { int: 2 },
  });
  const query = emitRotation(graph, parts[0]);
  const key = emitRotation(graph, parts[1]);
  const value = parts[2];
  const own = encoding === 'float32' ? null : emitOwnBytes(decoder, graph, { key, value });
  emitPresent(decoder, graph, layer, { key, value }, own);
  const attention: LayerAttention = {
    decoder,
    graph,
    run,
    name,
    flat: { query, key, value },
    own,
    prefix: emitInputs(decoder, graph, `prefix.${layer}`, 1, encoding),
    past: emitInputs(decoder, graph, `past.${layer}`, 'batch', encoding),
  };
  return graph.emitIf(
    run.isStep,
    name('output'),
    () => emitDecodeAttention(attention),
    () => emitPrefillAttention(attention),
  );
}

type KeyAndValue = Pick<LayerAttention['flat'], 'key' | 'value'>;

/** A scale for each head of each position: values [batch, sequence, keyValueHeads, headDim]. */
function emitOwnBytes(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  { key, value }: KeyAndValue,
): NonNullable<LayerAttention['own']> {
  const byHead = (x: string) => emitSplitHeads(graph, x, keyValueHeads, headDim);
  return {
    key: emitQuantizedSmallRows(graph, byHead(key), 'cached'),
    value: emitQuantizedSmallRows(graph, byHead(value), 'cached'),
  };
}

/** Declares the outputs `present.*`: the new rows of the caller's cache, as it keeps them. */
function emitPresent(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  layer: number,
  flat: KeyAndValue,
  own: LayerAttention['own'],
): void {
  const give = (part: string, type: 'float32' | 'int8', x: string, width: number) => {
    const name = `present.${layer}.${part}`;
    // Keys in bytes lie in columns.
    const isTurned = part === 'key' && own !== null;
    graph.emit('Transpose', [x], name, { perm: { ints: isTurned ? [0, 2, 3, 1] : [0, 2, 1, 3] } });
    const head = isTurned ? [width, 'sequence'] : ['sequence', width];
    graph.output(name, type, ['batch', keyValueHeads, ...head]);
  };
  if (own === null) {
    const byHead = (x: string) => emitSplitHeads(graph, x, keyValueHeads, headDim);
    give('key', 'float32', byHead(flat.key), headDim);
    give('value', 'float32', byHead(flat.value), headDim);
    return;
  }
  give('key', 'int8', own.key.values, headDim);
  give('value', 'int8', own.value.values, headDim);
  give('key_scale', 'float32', own.key.scale, 1);
  give('key_shift', 'float32', emitKeyShift(graph, own.key, headDim), 1);
  give('value_scale', 'float32', own.value.scale, 1);
}

/** What a query of QUERY_ZERO_POINT in all places scores, [batch, sequence, keyValueHeads, 1]. */
function emitKeyShift(
  graph: GraphBuilder,
  { values, scale }: QuantizedRows,
  headDim: number,
): string {
  const middles = new Float32Array(headDim).fill(QUERY_ZERO_POINT);
  const query = graph.floats('query_of_middles', middles, [headDim, 1]);
  const floats = graph.emit('Cast', [values], `${values}.floats`, { to: { int: 1 } });
  const sums = graph.emit('MatMul', [floats, query], `${values}.sums`);
  return graph.emit('Mul', [sums, scale], `${values}.shift`);
}

function emitInputs(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  name: string,
  batch: number | string,
  encoding: CacheEncoding,
): CachedKeyValues {
  const positions = name.replace(/\..*/, '');
  const rows = [batch, keyValueHeads, positions, headDim];
  if (encoding === 'float32') {
    const key = graph.input(`${name}.key`, 'float32', rows);
    return { key, value: graph.input(`${name}.value`, 'float32', rows), scales: null };
  }
  const ofPosition = (part: string) =>
    graph.input(`${name}.${part}`, 'float32', [batch, keyValueHeads, 1, positions]);
  return {
    key: graph.input(`${name}.key`, 'int8', [batch, keyValueHeads, headDim, positions]),
    value: graph.input(`${name}.value`, 'int8', rows),
    scales: {
      key: ofPosition('key_scale'),
      keyShift: ofPosition('key_shift'),
      value: ofPosition('value_scale'),
    },
  };
}

/** [batch, sequence, heads * headDim] -> [batch, sequence, heads, headDim] */
function emitSplitHeads(graph: GraphBuilder, x: string, heads: number, headDim: number): string {
  const shape = graph.integers('split_heads_shape', [0, 0, heads, headDim]);
  return graph.emit('Reshape', [x, shape], `${x}.heads`);
}

/** Rotary positions in Llama's layout: the first half of a head against the second. Heads stay side by side. */
function emitRotation(graph: GraphBuilder, x: string): string {
  const inputs = [x, 'position_ids', 'rope_cos', 'rope_sin'];
  return graph.emit('RotaryEmbedding', inputs, `${x}.rotated`, { interleaved: { int: 0 } });
}
