import { SalamandraError } from '../errors/salamandra-error.js';
import { invalidModel } from '../models/package/invalid-model.js';
import type { DecoderManifest } from '../models/package/manifest.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { type CacheConfig, cacheBytesPerToken, cachePlanes } from './kv-cache/cache-planes.js';
import { graphInputs } from './graph-inputs.js';
import { createPrefixInputs, type KvPrefix } from './kv-cache/kv-prefix.js';
import { KvCache } from './kv-cache/kv-cache.js';
import type { OutputHead } from './output-head.js';
import { createRopeTables } from './rope/rope-table.js';
import { type BatchLayout, SequenceBatch, type SequenceState } from './kv-cache/sequence-batch.js';
import type { TokenEmbeddings } from './token-embeddings.js';

/** The KV cache of one conversation. It belongs to the decoder that created it. */
export interface Sequence {
  /** Positions in the KV cache, including those of its prefix. */
  readonly length: number;
}

/** The language model: embeddings in, logits out, for any number of sequences. */
export interface Decoder {
  /** Context window: positions of prompt and answer together. */
  readonly maxPositions: number;
  /** Bytes of keys and values per position and sequence. */
  readonly cacheBytesPerToken: number;
  /** Positions of the largest prefill chunk. */
  readonly longestChunk: number;
  /**
   * Creates an empty sequence, or one that continues from a prefix of this model.
   *
   * @param positions expected final length, if known: the cache grows in place up to it.
   */
  createSequence(prefix?: KvPrefix, positions?: number): Sequence;
  /**
   * Prefills one chunk in one graph run, which cannot be interrupted.
   *
   * @param embeds `[count, hidden]`, count from 1 to `longestChunk`.
   * @returns hidden state of the last position, `[hidden]`.
   * @throws CONTEXT_LENGTH_EXCEEDED before the run.
   */
  prefill(sequence: Sequence, embeds: FloatTensor): Promise<Float32Array>;
  /** Logits of the next token, `[vocabulary]` per hidden state. The caller may modify them. */
  logits(hidden: readonly Float32Array[]): Promise<Float32Array[]>;
  /**
   * One decode step: appends one token to each sequence in one graph run. The lengths may differ.
   *
   * @param tokens at least one; each of another sequence.
   * @returns logits `[vocabulary]` per token, in order.
   * @throws CONTEXT_LENGTH_EXCEEDED before the run if a sequence is full.
   */
  step(
    tokens: readonly { readonly sequence: Sequence; readonly id: number }[],
  ): Promise<Float32Array[]>;
  /** Copies the keys and values of the first `length` positions of a sequence. */
  snapshotPrefix(sequence: Sequence, length: number): KvPrefix;
  /** Frees a sequence. It must not be used afterwards. */
  close(sequence: Sequence): void;
}

/** Graphs over one KV cache. The host owns the cache, so each graph continues from the other's positions. */
export interface DecoderGraphs {
  readonly decode: GraphSession;
  /** `null`: the decode graph prefills too. */
  readonly prefill: GraphSession | null;
  readonly head: OutputHead;
}

type DecoderConfig = Pick<
  DecoderManifest,
  | 'layers'
  | 'hiddenSize'
  | 'keyValueHeads'
  | 'headDim'
  | 'maxPositions'
  | 'ropeTheta'
  | 'ropeScaling'
  | 'cache'
>;

/** A longer chunk delays cancellation and running sequences; a shorter one uses the matrix kernels less well. */
const LONGEST_CHUNK = 512;

/** Creates a decoder over loaded graphs. The caller closes the graph sessions and the token embeddings. */
export function createDecoder(
  graphs: DecoderGraphs,
  config: DecoderConfig,
  tokenEmbeddings: TokenEmbeddings,
): Decoder {
  const { hiddenSize, maxPositions } = config;
  const ropeTables = createRopeTables(config);
  const batch = new SequenceBatch(config);
  const prefixInputs = createPrefixInputs(cachePlanes(config));

  /** One graph run over `count` new positions of each sequence, which are appended to the KV cache. */
  const run = async (
    graph: GraphSession,
    embeds: Float32Array,
    count: number,
    layout: BatchLayout,
  ): Promise<Float32Array> => {
    const { sequences, cache, firstSlot, prefix } = layout;
    const longest = Math.max(...sequences.map(lengthOf));
    const outputs = await graph.run([
      graphInputs(embeds, count, layout, ropeTables(longest + count)),
      prefixInputs(prefix),
      cache.inputs(firstSlot, sequences.length),
    ]);
    sequences.forEach((sequence, index) => {
      cache.append(outputs, index, count, sequence.slot, sequence.ownLength);
      sequence.ownLength += count;
    });
    const { hidden } = outputs;
    if (hidden?.type === 'float32') return hidden.data;
    throw invalidModel('the decoder graph has no float32 output `hidden`');
  };

  const checkContext = (sequence: OpenSequence, count: number): void => {
    const tokens = sequence.length + count;
    if (tokens <= maxPositions) return;
    throw new SalamandraError(
      'CONTEXT_LENGTH_EXCEEDED',
      `Prompt and answer have ${tokens} tokens, and the context window has ${maxPositions}. ` +
        'Shorten the prompt or lower max_tokens.',
      { details: { tokens, maxTokens: maxPositions } },
    );
  };

  return {
    maxPositions,
    cacheBytesPerToken: cacheBytesPerToken(config),
    longestChunk: LONGEST_CHUNK,
    createSequence: (prefix, positions = 0) => new OpenSequence(config, prefix ?? null, positions),
    async prefill(sequence, embeds) {
      const open = openSequence(sequence);
      const [count = 0, width] = embeds.shape;
      if (count < 1 || count > LONGEST_CHUNK || width !== hiddenSize) {
        throw new RangeError(
          `Embeddings have the shape [${count}, ${width}]; a chunk is [1 to ${LONGEST_CHUNK}, ${hiddenSize}].`,
        );
      }
      checkContext(open, count);
      const { state } = open;
      const { cache, slot, prefix } = state;
      cache.resize(Math.max(cache.slots, 1), count === 1 ? state.ownLength + 1 : 0);
      const layout = { cache, firstSlot: slot, sequences: [state], prefix };
      return await run(graphs.prefill ?? graphs.decode, embeds.data, count, layout);
    },
    async logits(hidden) {
      const rows = new Float32Array(hidden.length * hiddenSize);
      hidden.forEach((row, index) => {
        rows.set(row, index * hiddenSize);
      });
      return await graphs.head.logits(rows, hidden.length);
    },
    async step(tokens) {
      const open = tokens.map(({ sequence }) => openSequence(sequence));
      if (open.length === 0 || new Set(open).size < open.length) {
        throw new RangeError('A decode step needs one token for each of one or more sequences.');
      }
      for (const sequence of open) checkContext(sequence, 1);
      const layout = batch.layout(open.map(({ state }) => state));
      // The batch orders its sequences by slot.
      const tokenOf = new Map(open.map(({ state }, index) => [state, index]));
      const order = layout.sequences.map((sequence) => tokenOf.get(sequence) ?? 0);
      const embeds = tokenEmbeddings.embed(order.map((index) => tokens[index]?.id ?? 0));
      const hidden = await run(graphs.decode, embeds.data, 1, layout);
      const logits = await graphs.head.logits(hidden, order.length);
      const byToken: Float32Array[] = [];
      order.forEach((index, row) => {
        byToken[index] = logits[row] ?? new Float32Array();
      });
      return byToken;
    },
    snapshotPrefix(sequence, length) {
      const { state } = openSequence(sequence);
      if (!Number.isInteger(length) || length < 0 || length > lengthOf(state)) {
        throw new RangeError(`The sequence has ${lengthOf(state)} positions, not ${length}.`);
      }
      const { prefix, cache, slot } = state;
      if (prefix?.length === length) return prefix;
      const copy = KvCache.withLength(config, length);
      const shared = Math.min(prefix?.length ?? 0, length);
      if (prefix) copy.copyPrefix(prefix, shared, 0);
      copy.copyFrom({ cache, slot, length: length - shared }, 0, shared);
      return copy.asPrefix();
    },
    close(sequence) {
      const open = openSequence(sequence);
      batch.remove(open.state);
      open.isClosed = true;
    },
  };
}

class OpenSequence implements Sequence {
  readonly state: SequenceState;
  isClosed = false;

  constructor(config: CacheConfig, prefix: KvPrefix | null, positions: number) {
    const reservedLength = Math.max(0, positions - (prefix?.length ?? 0));
    const cache = new KvCache(config);
    cache.reserve(reservedLength);
    this.state = { prefix, cache, slot: 0, ownLength: 0, reservedLength };
  }

  get length(): number {
    return lengthOf(this.state);
  }
}

function lengthOf({ prefix, ownLength }: SequenceState): number {
  return (prefix?.length ?? 0) + ownLength;
}

function openSequence(sequence: Sequence): OpenSequence {
  if (sequence instanceof OpenSequence && !sequence.isClosed) return sequence;
  throw new TypeError('The sequence is closed, or another decoder created it.');
}
