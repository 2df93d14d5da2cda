import type { CacheEncoding } from '../../package/manifest.js';
import type { DecoderArchitecture } from '../checkpoint/architecture.js';
import type { GraphBuilder } from './graph-builder.js';
import { type AttentionInputs, emitCacheInputs, type LayerAttention } from './attention-inputs.js';
import { emitPrefillAttention } from './prefill-attention.js';
import {
  emitQuantizedSmallRows,
  QUERY_ZERO_POINT,
  type QuantizedRows,
} from './quantize-activations.js';
import { emitDecodeAttention } from './decode-attention.js';

/** RMSNorms over the last dimension of queries and keys, [batch, sequence, heads, headDim]. */
export interface HeadNorms {
  readonly query: (x: string) => string;
  readonly key: (x: string) => string;
}

/**
 * Grouped-query attention of one layer over KV cache and new positions. An `If` node chooses between the
 * implementations for prefill and decode steps by the sequence length.
 *
 * @param fused name of the fused queries, keys and values
 *   [batch, sequence, (attentionHeads + 2 * keyValueHeads) * headDim].
 * @param norms of queries and keys before the rotation; null if the family has none.
 * @param encoding of the KV cache.
 * @returns name of the result [batch, sequence, attentionHeads * headDim].
 */
export function emitCachedAttention(
  decoder: DecoderArchitecture,
  graph: GraphBuilder,
  inputs: AttentionInputs,
  layer: number,
  fused: string,
  norms: HeadNorms | null,
  encoding: CacheEncoding,
): string {
  const { attentionHeads, keyValueHeads, headDim } = decoder;
  const name = (part: string) => `attention.${layer}.${part}`;
  const widths = [attentionHeads, keyValueHeads, keyValueHeads].map((heads) => heads * headDim);
  const parts = [name('query'), name('key'), name('value')] as const;
  graph.emitAll('Split', [fused, graph.integers('qkv_widths', widths)], parts, {
    axis: { int: 2 },
  });
  const normed = (x: string, heads: number, norm: HeadNorms['query'] | undefined) =>
    norm ? emitNormedHeads(graph, x, heads, headDim, norm) : x;
  const query = emitRotation(graph, normed(parts[0], attentionHeads, norms?.query));
  const key = emitRotation(graph, normed(parts[1], keyValueHeads, norms?.key));
  const value = parts[2];
  const quantized =
    encoding === 'float32' ? null : emitQuantizedKeyValue(decoder, graph, { key, value });
  emitPresent(decoder, graph, layer, { key, value }, quantized);
  const attention: LayerAttention = {
    decoder,
    graph,
    inputs,
    name,
    flat: { query, key, value },
    quantized,
    prefix: emitCacheInputs(decoder, graph, `prefix.${layer}`, 1, encoding),
    past: emitCacheInputs(decoder, graph, `past.${layer}`, 'batch', encoding),
  };
  return graph.emitIf(
    inputs.isStep,
    name('output'),
    () => emitDecodeAttention(attention),
    () => emitPrefillAttention(attention),
  );
}

type KeyAndValue = Pick<LayerAttention['flat'], 'key' | 'value'>;

/** int8 [batch, sequence, keyValueHeads, headDim] with a scale per position and head. */
function emitQuantizedKeyValue(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  { key, value }: KeyAndValue,
): NonNullable<LayerAttention['quantized']> {
  const byHead = (x: string) => emitSplitHeads(graph, x, keyValueHeads, headDim);
  return {
    key: emitQuantizedSmallRows(graph, byHead(key), 'cached'),
    value: emitQuantizedSmallRows(graph, byHead(value), 'cached'),
  };
}

/** Declares the outputs `present.*`: keys and values of the new positions in the encoding of the cache. */
function emitPresent(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  layer: number,
  flat: KeyAndValue,
  quantized: LayerAttention['quantized'],
): void {
  const emitOutput = (part: string, type: 'float32' | 'int8', x: string, width: number) => {
    const name = `present.${layer}.${part}`;
    // int8 keys are stored transposed.
    const isTransposed = part === 'key' && quantized !== null;
    graph.emit('Transpose', [x], name, {
      perm: { ints: isTransposed ? [0, 2, 3, 1] : [0, 2, 1, 3] },
    });
    const head = isTransposed ? [width, 'sequence'] : ['sequence', width];
    graph.output(name, type, ['batch', keyValueHeads, ...head]);
  };
  if (quantized === null) {
    const byHead = (x: string) => emitSplitHeads(graph, x, keyValueHeads, headDim);
    emitOutput('key', 'float32', byHead(flat.key), headDim);
    emitOutput('value', 'float32', byHead(flat.value), headDim);
    return;
  }
  emitOutput('key', 'int8', quantized.key.values, headDim);
  emitOutput('value', 'int8', quantized.value.values, headDim);
  emitOutput('key_scale', 'float32', quantized.key.scale, 1);
  emitOutput('key_shift', 'float32', emitKeyShift(graph, quantized.key, headDim), 1);
  emitOutput('value_scale', 'float32', quantized.value.scale, 1);
}

/** Attention score of a query that is QUERY_ZERO_POINT everywhere, [batch, sequence, keyValueHeads, 1]. */
function emitKeyShift(
  graph: GraphBuilder,
  { values, scale }: QuantizedRows,
  headDim: number,
): string {
  const zeroPoints = new Float32Array(headDim).fill(QUERY_ZERO_POINT);
  const query = graph.floats('query_of_middles', zeroPoints, [headDim, 1]);
  const floats = graph.emit('Cast', [values], `${values}.floats`, { to: { int: 1 } });
  const sums = graph.emit('MatMul', [floats, query], `${values}.sums`);
  return graph.emit('Mul', [sums, scale], `${values}.shift`);
}

/** [batch, sequence, heads * headDim] -> [batch, sequence, heads, headDim] */
function emitSplitHeads(graph: GraphBuilder, x: string, heads: number, headDim: number): string {
  const shape = graph.integers('split_heads_shape', [0, 0, heads, headDim]);
  return graph.emit('Reshape', [x, shape], `${x}.heads`);
}

/** Normalizes each head of x [batch, sequence, heads * headDim]. */
function emitNormedHeads(
  graph: GraphBuilder,
  x: string,
  heads: number,
  headDim: number,
  norm: (x: string) => string,
): string {
  const byHead = graph.integers(`heads_${heads}`, [0, 0, heads, headDim]);
  const flat = graph.integers(`flat_heads_${heads}`, [0, 0, heads * headDim]);
  const normed = norm(graph.emit('Reshape', [x, byHead], `${x}.by_head`));
  return graph.emit('Reshape', [normed, flat], `${x}.normed`);
}

/** RoPE in Llama's layout: the first half of a head is rotated against the second (not interleaved). */
function emitRotation(graph: GraphBuilder, x: string): string {
  const inputs = [x, 'position_ids', 'rope_cos', 'rope_sin'];
  return graph.emit('RotaryEmbedding', inputs, `${x}.rotated`, { interleaved: { int: 0 } });
}
