import type { GraphTensor } from '../runtime/graph-session.js';
import type { RopeTable } from './rope/rope-table.js';
import type { Arrangement } from './kv-cache/sequence-batch.js';

/** What the graph adds to a score it must not see; finite, since a row of infinities has no softmax. */
const MASKED = -1e9;

type Tensors = Record<string, GraphTensor>;

/**
 * The inputs of decoder.onnx and of prefill.onnx beside the cache.
 *
 * @param embeds `[batch * count, hidden]`, row by row; several sequences have one position each.
 * @param rope holds at least the positions of the cache and the new ones.
 */
export function positionInputs(
  embeds: Float32Array,
  count: number,
  { sequences: members, cache: rows, prefix }: Arrangement,
  { cos, sin }: RopeTable,
): Tensors {
  const batch = members.length;
  const hidden = embeds.length / (batch * count);
  const starts = members.map((member) => (member.prefix?.length ?? 0) + member.ownLength);
  const ids = starts.flatMap((start) => Array.from({ length: count }, (_, i) => start + i));
  return {
    inputs_embeds: float32([batch, count, hidden], embeds),
    position_ids: int64([batch, count], ids),
    rope_cos: float32(cos.shape, cos.data),
    rope_sin: float32(sin.shape, sin.data),
    past_length: int64([1], [members[0]?.ownLength ?? 0]),
    // Stretches of a prompt have a mask of their own.
    attention_bias:
      count === 1
        ? stepBias(members, prefix?.length ?? 0, rows.capacity, prefix !== null)
        : float32([batch, 1, 1, 1], new Float32Array(batch)),
  };
}

/** Zero where a sequence may look: at its prefix, at its filled rows and at itself. */
function stepBias(
  members: Arrangement['sequences'],
  prefix: number,
  capacity: number,
  isShared: boolean,
): GraphTensor {
  const width = prefix + capacity + 1;
  const bias = new Float32Array(members.length * width);
  members.forEach((member, index) => {
    const start = index * width;
    if (isShared && member.prefix === null) bias.fill(MASKED, start, start + prefix);
    bias.fill(MASKED, start + prefix + member.ownLength, start + prefix + capacity);
  });
  return float32([members.length, 1, 1, width], bias);
}

function int64(shape: readonly number[], values: readonly number[]): GraphTensor {
  return { type: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

function float32(shape: readonly number[], data: Float32Array): GraphTensor {
  return { type: 'float32', shape, data };
}
