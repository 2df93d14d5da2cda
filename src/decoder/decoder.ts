import { SalamandraError } from '../errors/salamandra-error.js';
import type { ModelManifest } from '../model-store/manifest.js';
import type { GraphSession, GraphTensor } from '../runtime/graph-session.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { KvCache } from './kv-cache.js';
import type { PastKeyValues } from './kv-cache.js';
import { createRopeTables } from './rope-table.js';
import type { TokenEmbeddings } from './token-embeddings.js';

/** The language model over a cache: embeddings in, scores of the next token out. */
export interface Decoder {
  /** Positions that prompt and answer share. */
  readonly maxPositions: number;
  createCache(): KvCache;
  /**
   * Reads a prompt, or the rest of one, into the cache.
   *
   * @param inputsEmbeds `[sequence, hidden]` with at least one position.
   * @param signal checked before every run: a run itself cannot be interrupted.
   * @returns logits `[vocabulary]` after the last position.
   * @throws CONTEXT_LENGTH_EXCEEDED before anything runs, or the signal's reason between two runs.
   */
  prefill(inputsEmbeds: FloatTensor, cache: KvCache, signal?: AbortSignal): Promise<Float32Array>;
  /** Reads one token into the cache and returns logits `[vocabulary]`. @throws CONTEXT_LENGTH_EXCEEDED */
  decodeStep(id: number, cache: KvCache): Promise<Float32Array>;
}

/** Positions a run. Longer runs square the score matrix and delay a cancellation; shorter ones waste the processor. */
const PREFILL_CHUNK = 512;

/** What the graph adds to a score it must not see; finite, since a row of infinities has no softmax. */
const MASKED = -1e9;

/** Feeds decoder.onnx. The session and the embeddings stay the caller's to close. */
export function createDecoder(
  session: GraphSession,
  config: ModelManifest['decoder'],
  tokenEmbeddings: TokenEmbeddings,
): Decoder {
  const { layers, hiddenSize, maxPositions } = config;
  const ropeTables = createRopeTables(config);

  /** One run over `count` new positions; the cache takes their rows. */
  const run = async (embeds: Float32Array, cache: KvCache): Promise<Float32Array> => {
    const count = embeds.length / hiddenSize;
    const { cos, sin } = ropeTables(cache.length + count);
    const outputs = await session.run({
      inputs_embeds: float32([1, count, hiddenSize], embeds),
      position_ids: positionIds(cache.length, count),
      rope_cos: float32(cos.shape, cos.data),
      rope_sin: float32(sin.shape, sin.data),
      attention_bias: attentionBias(cache, count),
      ...pastInputs(cache, layers),
    });
    cache.append(presentRows(outputs, layers));
    return floats(outputs, 'logits').data;
  };

  const checkRoom = (cache: KvCache, count: number): void => {
    if (cache.length + count <= maxPositions) return;
    throw new SalamandraError(
      'CONTEXT_LENGTH_EXCEEDED',
      'The prompt is longer than the model can read.',
      {
        details: { tokens: cache.length + count, maxTokens: maxPositions },
      },
    );
  };

  return {
    maxPositions,
    createCache: () => new KvCache(config),
    async prefill(inputsEmbeds, cache, signal) {
      const [sequence = 0, width] = inputsEmbeds.shape;
      if (sequence === 0 || width !== hiddenSize) {
        throw new RangeError(`The decoder reads [1 or more, ${hiddenSize}] embeddings.`);
      }
      checkRoom(cache, sequence);
      let logits: Float32Array = new Float32Array(0);
      for (let start = 0; start < sequence; start += PREFILL_CHUNK) {
        signal?.throwIfAborted();
        const end = Math.min(start + PREFILL_CHUNK, sequence);
        logits = await run(inputsEmbeds.data.subarray(start * hiddenSize, end * hiddenSize), cache);
      }
      return logits;
    },
    async decodeStep(id, cache) {
      checkRoom(cache, 1);
      return run(tokenEmbeddings.embed([id]).data, cache);
    },
  };
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

function presentRows(
  outputs: Readonly<Record<string, GraphTensor>>,
  layers: number,
): PastKeyValues[] {
  return Array.from({ length: layers }, (_, layer) => ({
    key: floats(outputs, `present.${layer}.key`),
    value: floats(outputs, `present.${layer}.value`),
  }));
}

function floats(outputs: Readonly<Record<string, GraphTensor>>, name: string): FloatTensor {
  const output = outputs[name];
  if (output?.type === 'float32') return output;
  throw new SalamandraError(
    'MODEL_INVALID',
    'The model cannot be used: its decoder lacks an output.',
  );
}

function float32(shape: readonly number[], data: Float32Array): GraphTensor {
  return { type: 'float32', shape, data };
}
