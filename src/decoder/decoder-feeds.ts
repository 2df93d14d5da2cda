import { SalamandraError } from '../errors/salamandra-error.js';
import type { GraphTensor } from '../runtime/graph-session.js';
import type { FloatTensor } from '../tensor/tensor.js';
import type { KvCache, PastKeyValues } from './kv-cache.js';
import type { RopeTable } from './rope-table.js';

/** What the graph adds to a score it must not see; finite, since a row of infinities has no softmax. */
const MASKED = -1e9;

type Tensors = Readonly<Record<string, GraphTensor>>;

/**
 * The inputs of decoder.onnx and of prefill.onnx for new positions behind those of a cache.
 *
 * @param embeds `[count, hidden]`, row by row.
 * @param rope holds at least the positions of the cache and the new ones.
 */
export function decoderInputs(
  embeds: Float32Array,
  cache: KvCache,
  { cos, sin }: RopeTable,
  { layers, hiddenSize }: { readonly layers: number; readonly hiddenSize: number },
): Tensors {
  const count = embeds.length / hiddenSize;
  return {
    inputs_embeds: float32([1, count, hiddenSize], embeds),
    position_ids: positionIds(cache.length, count),
    rope_cos: float32(cos.shape, cos.data),
    rope_sin: float32(sin.shape, sin.data),
    attention_bias: attentionBias(cache, count),
    ...pastInputs(cache, layers),
  };
}

/** The new rows of every layer. @throws MODEL_INVALID when the graph has no such output. */
export function presentRows(outputs: Tensors, layers: number): PastKeyValues[] {
  return Array.from({ length: layers }, (_, layer) => ({
    key: floats(outputs, `present.${layer}.key`),
    value: floats(outputs, `present.${layer}.value`),
  }));
}

/** An output of a decoder graph. @throws MODEL_INVALID when the graph has no such output. */
export function floats(outputs: Tensors, name: string): FloatTensor {
  const output = outputs[name];
  if (output?.type === 'float32') return output;
  throw new SalamandraError(
    'MODEL_INVALID',
    'The model cannot be used: its decoder lacks an output.',
  );
}

/** Zero where a new position may look: at filled slots of the cache, at itself and at new ones before it. */
function attentionBias(cache: KvCache, count: number): GraphTensor {
  const { length, capacity } = cache;
  const row = capacity + count;
  const bias = new Float32Array(count * row);
  for (let i = 0; i < count; i++) {
    bias.fill(MASKED, i * row + length, i * row + capacity);
    bias.fill(MASKED, i * row + capacity + i + 1, (i + 1) * row);
  }
  return float32([1, 1, 1, count, row], bias);
}

function positionIds(start: number, count: number): GraphTensor {
  const ids = BigInt64Array.from({ length: count }, (_, i) => BigInt(start + i));
  return { type: 'int64', shape: [1, count], data: ids };
}

function pastInputs(cache: KvCache, layers: number): Record<string, GraphTensor> {
  const inputs: Record<string, GraphTensor> = {};
  for (let layer = 0; layer < layers; layer++) {
    const { key, value } = cache.past(layer);
    inputs[`past.${layer}.key`] = float32(key.shape, key.data);
    inputs[`past.${layer}.value`] = float32(value.shape, value.data);
  }
  return inputs;
}

function float32(shape: readonly number[], data: Float32Array): GraphTensor {
  return { type: 'float32', shape, data };
}
