import type { GraphTensor } from '../runtime/graph-session.js';
import type { RopeTable } from './rope/rope-table.js';
import type { BatchLayout } from './kv-cache/sequence-batch.js';

/** Added to the attention scores of masked positions. Finite, because a softmax over a row of infinities is NaN. */
const MASKED = -1e9;

type Tensors = Record<string, GraphTensor>;

/**
 * The inputs of decoder.onnx and prefill.onnx without the KV cache.
 *
 * @param embeds `[batch * count, hidden]`; `count` is 1 for a batch of several sequences.
 * @param rope at least as many positions as the longest sequence after this run.
 */
export function graphInputs(
  embeds: Float32Array,
  count: number,
  { sequences, cache, prefix }: BatchLayout,
  { cos, sin }: RopeTable,
): Tensors {
  const batch = sequences.length;
  const hidden = embeds.length / (batch * count);
  const starts = sequences.map((sequence) => (sequence.prefix?.length ?? 0) + sequence.ownLength);
  const ids = starts.flatMap((start) => Array.from({ length: count }, (_, i) => start + i));
  return {
    inputs_embeds: float32([batch, count, hidden], embeds),
    position_ids: int64([batch, count], ids),
    rope_cos: float32(cos.shape, cos.data),
    rope_sin: float32(sin.shape, sin.data),
    past_length: int64([1], [sequences[0]?.ownLength ?? 0]),
    // The prefill kernel masks causally by itself.
    attention_bias:
      count === 1
        ? stepBias(sequences, prefix?.length ?? 0, cache.capacity, prefix !== null)
        : float32([batch, 1, 1, 1], new Float32Array(batch)),
  };
}

/** Attention mask of a decode step: 0 for the prefix, the filled positions and the new token of a sequence. */
function stepBias(
  sequences: BatchLayout['sequences'],
  prefix: number,
  capacity: number,
  isShared: boolean,
): GraphTensor {
  const width = prefix + capacity + 1;
  const bias = new Float32Array(sequences.length * width);
  sequences.forEach((sequence, index) => {
    const start = index * width;
    if (isShared && sequence.prefix === null) bias.fill(MASKED, start, start + prefix);
    bias.fill(MASKED, start + prefix + sequence.ownLength, start + prefix + capacity);
  });
  return float32([sequences.length, 1, 1, width], bias);
}

function int64(shape: readonly number[], values: readonly number[]): GraphTensor {
  return { type: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

function float32(shape: readonly number[], data: Float32Array): GraphTensor {
  return { type: 'float32', shape, data };
}
