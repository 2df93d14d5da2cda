import type { CacheEncoding } from '../../package/manifest.js';
import type { DecoderArchitecture } from '../checkpoint/architecture.js';
import type { GraphBuilder } from './graph-builder.js';
import type { QuantizedRows } from './quantize-activations.js';

/** Names of values that the attention of all layers uses, computed once per run. */
export interface AttentionInputs {
  /** Whether the run is a decode step (sequence length 1): bool with one element. */
  readonly isStep: string;
  /** Whether the shared prefix is not empty: bool with one element. */
  readonly hasPrefix: string;
  /** Filled positions after the run minus one: int32 [1]. */
  readonly lastPosition: string;
  /** Filled positions after the run: int32 [1]. */
  readonly totalPositions: string;
  /** Lengths of prefix, past and new position, to split the attention weights: int64 [3]. */
  readonly splitWithPrefix: string;
  /** The same without the prefix: int64 [2]. */
  readonly split: string;
}

/**
 * Names of cached keys and values. Values are [batch, keyValueHeads, positions, headDim]. float32 keys have the same
 * shape, int8 keys are transposed to [batch, keyValueHeads, headDim, positions].
 */
export interface CachedKeyValues {
  readonly key: string;
  readonly value: string;
  /** Scales of an int8 cache, [batch, keyValueHeads, 1, positions] each; null for a float32 cache. */
  readonly scales: {
    readonly key: string;
    readonly value: string;
    /** Contribution of QUERY_ZERO_POINT to the attention scores, subtracted from them. */
    readonly keyShift: string;
  } | null;
}

/** Inputs of the attention of one layer; queries and keys are rotated (RoPE). */
export interface LayerAttention {
  readonly decoder: DecoderArchitecture;
  readonly graph: GraphBuilder;
  readonly inputs: AttentionInputs;
  /** Prefixes a value name with the layer. */
  readonly name: (part: string) => string;
  /** Query [batch, sequence, attentionHeads * headDim]; key and value [batch, sequence, keyValueHeads * headDim]. */
  readonly flat: { readonly query: string; readonly key: string; readonly value: string };
  /** Key and value of `flat`, quantized for an int8 cache; null for a float32 cache. */
  readonly quantized: { readonly key: QuantizedRows; readonly value: QuantizedRows } | null;
  /** Cache of the prefix that all sequences share, [1, ...]. */
  readonly prefix: CachedKeyValues;
  /** Cache of each sequence after the prefix, [batch, ...]. */
  readonly past: CachedKeyValues;
}

/** Computes lengths and conditions from the shapes of the graph inputs. */
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

/** Declares the graph inputs for one layer of the KV cache: `prefix.{l}.*` or `past.{l}.*`. */
export function emitCacheInputs(
  { keyValueHeads, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
  name: string,
  batch: number | string,
  encoding: CacheEncoding,
): CachedKeyValues {
  const positions = name.replace(/\..*/, '');
  const shape = [batch, keyValueHeads, positions, headDim];
  if (encoding === 'float32') {
    const key = graph.input(`${name}.key`, 'float32', shape);
    return { key, value: graph.input(`${name}.value`, 'float32', shape), scales: null };
  }
  const perPosition = (part: string) =>
    graph.input(`${name}.${part}`, 'float32', [batch, keyValueHeads, 1, positions]);
  return {
    key: graph.input(`${name}.key`, 'int8', [batch, keyValueHeads, headDim, positions]),
    value: graph.input(`${name}.value`, 'int8', shape),
    scales: {
      key: perPosition('key_scale'),
      keyShift: perPosition('key_shift'),
      value: perPosition('value_scale'),
    },
  };
}
