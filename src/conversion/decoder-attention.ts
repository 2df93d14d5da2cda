import type { CacheEncoding } from '../model-store/manifest.js';
import type { DecoderArchitecture } from './architecture.js';
import type { GraphBuilder } from './graph-builder.js';
import type { AttentionRun, CachedRows, LayerAttention } from './layer-attention.js';
import { emitPromptAttention } from './prompt-attention.js';
import { emitSmallRowBytes } from './row-bytes.js';
import { emitStepAttention } from './step-attention.js';

/** Reads the run's sizes off its inputs, so that the caller need not pass them. */
export function emitAttentionRun(graph: GraphBuilder): AttentionRun {
  const sizeOf = (x: string, axis: number, name: string) =>
    graph.emit('Shape', [x], name, { start: { int: axis }, end: { int: axis + 1 } });
  const sequence = sizeOf('inputs_embeds', 1, 'sizes.sequence');
  const prefix = sizeOf('prefix.0.key', 2, 'sizes.prefix');
  const past = sizeOf('past.0.key', 2, 'sizes.past');
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
  run: AttentionRun,
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
  return graph.choose(
    run.isStep,
    name('output'),
    () => emitStepAttention(attention),
    () => emitPromptAttention(attention),
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
    key: emitSmallRowBytes(graph, byHead(key), 'around-128'),
    value: emitSmallRowBytes(graph, byHead(value), 'signed'),
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
  const output = (x: string, name: string, type: 'float32' | 'uint8' | 'int8', width: number) => {
    graph.emit('Transpose', [x], name, { perm: { ints: [0, 2, 1, 3] } });
    graph.output(name, type, ['batch', keyValueHeads, 'sequence', width]);
  };
  for (const part of ['key', 'value'] as const) {
    const name = `present.${layer}.${part}`;
    if (own === null) {
      output(emitSplitHeads(graph, flat[part], keyValueHeads, headDim), name, 'float32', headDim);
    } else {
      output(own[part].values, name, part === 'key' ? 'uint8' : 'int8', headDim);
      output(own[part].scale, `${name}_scale`, 'float32', 1);
    }
  }
}

function emitInputs(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  name: string,
  batch: number | string,
  encoding: CacheEncoding,
): CachedRows {
  const positions = name.replace(/\..*/, '');
  const rows = [batch, keyValueHeads, positions, headDim];
  if (encoding === 'float32') {
    const key = graph.input(`${name}.key`, 'float32', rows);
    return { key, value: graph.input(`${name}.value`, 'float32', rows), scales: null };
  }
  // As a row, since that is how scores lie.
  const scales = [batch, keyValueHeads, 1, positions];
  return {
    key: graph.input(`${name}.key`, 'uint8', rows),
    value: graph.input(`${name}.value`, 'int8', rows),
    scales: {
      key: graph.input(`${name}.key_scale`, 'float32', scales),
      value: graph.input(`${name}.value_scale`, 'float32', scales),
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
