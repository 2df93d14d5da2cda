import { SalamandraError } from '../errors/salamandra-error.js';
import type { DecoderManifest } from '../model-store/manifest.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { decoderInputs, floats, presentRows } from './decoder-feeds.js';
import { KvCache } from './kv-cache.js';
import { prefillChunk } from './prefill-chunk.js';
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

/** Graphs over one cache: the host owns it, so each continues what the other has read. */
export interface DecoderGraphs {
  /** decoder.onnx: gives logits after the last position. */
  readonly decode: GraphSession;
  /** prefill.onnx: reads all of a prompt but its last position, and gives none. Null: `decode` reads prompts too. */
  readonly prefill: GraphSession | null;
}

type DecoderConfig = Pick<
  DecoderManifest,
  | 'layers'
  | 'hiddenSize'
  | 'attentionHeads'
  | 'keyValueHeads'
  | 'headDim'
  | 'maxPositions'
  | 'ropeTheta'
  | 'ropeScaling'
>;

/** Feeds the decoder's graphs. The sessions and the embeddings stay the caller's to close. */
export function createDecoder(
  graphs: DecoderGraphs,
  config: DecoderConfig,
  tokenEmbeddings: TokenEmbeddings,
): Decoder {
  const { layers, hiddenSize, attentionHeads, maxPositions } = config;
  const ropeTables = createRopeTables(config);

  /** One run over new positions; the cache takes their rows. */
  const run = async (graph: GraphSession, embeds: Float32Array, cache: KvCache) => {
    const rope = ropeTables(cache.length + embeds.length / hiddenSize);
    const outputs = await graph.run(decoderInputs(embeds, cache, rope, config));
    cache.append(presentRows(outputs, layers));
    return outputs;
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
      /** Positions `from` to `to`, in chunks; the outputs of the last one. */
      const read = async (graph: GraphSession, from: number, to: number) => {
        let outputs: Awaited<ReturnType<typeof run>> = {};
        for (let start = from; start < to;) {
          signal?.throwIfAborted();
          const end = Math.min(start + prefillChunk(attentionHeads, cache.capacity), to);
          const rows = inputsEmbeds.data.subarray(start * hiddenSize, end * hiddenSize);
          outputs = await run(graph, rows, cache);
          start = end;
        }
        return outputs;
      };
      // Logits follow the last position alone, so all before it may go through the graph that gives none.
      const withoutLogits = graphs.prefill ? sequence - 1 : 0;
      if (graphs.prefill) await read(graphs.prefill, 0, withoutLogits);
      return floats(await read(graphs.decode, withoutLogits, sequence), 'logits').data;
    },
    async decodeStep(id, cache) {
      checkRoom(cache, 1);
      const outputs = await run(graphs.decode, tokenEmbeddings.embed([id]).data, cache);
      return floats(outputs, 'logits').data;
    },
  };
}
