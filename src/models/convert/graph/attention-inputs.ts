import type { DecoderArchitecture } from '../checkpoint/architecture.js';
import type { GraphBuilder } from './graph-builder.js';
import type { QuantizedRows } from './quantize-activations.js';

/** Values of a run that every layer's attention needs, computed once. */
export interface AttentionInputs {
  /** Whether every sequence reads one position: a bool with one value. */
  readonly isStep: string;
  /** Whether the sequences share a beginning: a bool with one value. */
  readonly hasPrefix: string;
  /** Filled positions after the run, less one: int32 [1]. */
  readonly lastPosition: string;
  /** Filled positions after the run: int32 [1]. */
  readonly totalPositions: string;
  /** Positions of prefix, past and new, to split probabilities: int64 [3], and the last two: int64 [2]. */
  readonly splitWithPrefix: string;
  readonly split: string;
}

/**
 * Keys and values of some positions by their names: values [batch, keyValueHeads, positions, headDim], and keys of the same
 * shape in float32, [batch, keyValueHeads, headDim, positions] in bytes.
 */
export interface CachedKeyValues {
  readonly key: string;
  readonly value: string;
  /** Of rows in bytes, [batch, keyValueHeads, 1, positions] each, as scores lie; null where rows are float32. */
  readonly scales: {
    readonly key: string;
    readonly value: string;
    /** What QUERY_ZERO_POINT in all places of a query would add to a score. */
    readonly keyShift: string;
  } | null;
}

/** One layer's queries and new rows; keys after rotation. */
export interface LayerAttention {
  readonly decoder: DecoderArchitecture;
  readonly graph: GraphBuilder;
  readonly run: AttentionInputs;
  /** Names what belongs to this layer. */
  readonly name: (part: string) => string;
  /** [batch, sequence, attentionHeads * headDim] and twice [batch, sequence, keyValueHeads * headDim]. */
  readonly flat: { readonly query: string; readonly key: string; readonly value: string };
  /** Keys and values of `flat` once more as the cache keeps them; null where it keeps float32. */
  readonly own: { readonly key: QuantizedRows; readonly value: QuantizedRows } | null;
  /** What all sequences begin with, [1, ...], and what each has read since. */
  readonly prefix: CachedKeyValues;
  readonly past: CachedKeyValues;
}
