import { SalamandraError } from '../errors/salamandra-error.js';
import type { DecoderManifest } from '../models/package/manifest.js';
import type { GraphSession } from '../runtime/graph-session.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { type CacheConfig, cacheBytesPerToken, cachePlanes } from './kv-cache/cache-planes.js';
import { positionInputs } from './decoder-feeds.js';
import { createPrefixInputs, type KvPrefix } from './kv-cache/kv-prefix.js';
import { KvRows } from './kv-cache/kv-cache.js';
import type { OutputHead } from './output-head.js';
import { createRopeTables } from './rope/rope-table.js';
import { type Arrangement, SequenceBatch, type SequenceState } from './kv-cache/sequence-batch.js';
import type { TokenEmbeddings } from './token-embeddings.js';

/** One conversation being read or answered. It belongs to the decoder that opened it. */
export interface Sequence {
  /** Positions read, those of its prefix included. */
  readonly length: number;
}

/** The language model: embeddings in, scores of the next token out, for any number of sequences. */
export interface Decoder {
  /** Positions that prompt and answer share. */
  readonly maxPositions: number;
  /** Bytes of keys and values for each position of each sequence. */
  readonly cacheBytesPerToken: number;
  /** Positions of one run of `read` at most. */
  readonly longestChunk: number;
  /**
   * A sequence of no positions, or one that continues behind a prefix of this model.
   *
   * @param positions that it is going to have in all, if that is known: room is set aside for them.
   */
  createSequence(prefix?: KvPrefix, positions?: number): Sequence;
  /**
   * Reads positions in one run, which cannot be interrupted.
   *
   * @param embeds `[count, hidden]`, count from 1 to `longestChunk`.
   * @returns the hidden state `[hidden]` after the last position.
   * @throws CONTEXT_LENGTH_EXCEEDED before anything runs.
   */
  prefill(sequence: Sequence, embeds: FloatTensor): Promise<Float32Array>;
  /** Scores `[vocabulary]` of the next token for each hidden state; the caller may change them. */
  logits(hidden: readonly Float32Array[]): Promise<Float32Array[]>;
  /**
   * Reads one token of each sequence in one run, whatever their lengths.
   *
   * @returns scores `[vocabulary]` of each, in order.
   * @param tokens one at least, each of another sequence.
   * @throws CONTEXT_LENGTH_EXCEEDED before anything runs, when one of them is full.
   */
  step(
    tokens: readonly { readonly sequence: Sequence; readonly id: number }[],
  ): Promise<Float32Array[]>;
  /** A copy of the first `length` positions of a sequence, to continue from. */
  snapshotPrefix(sequence: Sequence, length: number): KvPrefix;
  /** Gives back the memory of a sequence, which cannot be used afterwards. */
  close(sequence: Sequence): void;
}

/** Graphs over one cache: the host owns it, so each continues what the other has read. */
export interface DecoderGraphs {
  readonly decode: GraphSession;
  /** Reads prompts. Null: `decode` does. */
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

/** Longer runs delay a cancellation and the answers of others; shorter ones waste the processor. */
const LONGEST_CHUNK = 512;

/** Feeds the decoder's graphs. The sessions and the embeddings stay the caller's to close. */
export function createDecoder(
  graphs: DecoderGraphs,
  config: DecoderConfig,
  tokenEmbeddings: TokenEmbeddings,
): Decoder {
  const { hiddenSize, maxPositions } = config;
  const ropeTables = createRopeTables(config);
  const batch = new SequenceBatch(config);
  const prefixInputs = createPrefixInputs(cachePlanes(config));

  /** One run over `count` new positions of each member, whose rows they become. */
  const run = async (
    graph: GraphSession,
    embeds: Float32Array,
    count: number,
    arrangement: Arrangement,
  ): Promise<Float32Array> => {
    const { sequences: members, cache: rows, firstSlot: first, prefix } = arrangement;
    const longest = Math.max(...members.map(lengthOf));
    const outputs = await graph.run([
      positionInputs(embeds, count, arrangement, ropeTables(longest + count)),
      prefixInputs(prefix),
      rows.inputs(first, members.length),
    ]);
    members.forEach((member, index) => {
      rows.append(outputs, index, count, member.slot, member.ownLength);
      member.ownLength += count;
    });
    const { hidden } = outputs;
    if (hidden?.type === 'float32') return hidden.data;
    throw new SalamandraError('MODEL_INVALID', 'The model cannot be used: it gives no states.');
  };

  const checkRoom = (sequence: OpenSequence, count: number): void => {
    if (sequence.length + count <= maxPositions) return;
    throw new SalamandraError(
      'CONTEXT_LENGTH_EXCEEDED',
      'The prompt is longer than the model can read.',
      { details: { tokens: sequence.length + count, maxTokens: maxPositions } },
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
          `The decoder reads [1 to ${LONGEST_CHUNK}, ${hiddenSize}] embeddings.`,
        );
      }
      checkRoom(open, count);
      const { state } = open;
      state.cache.resize(Math.max(state.cache.slots, 1), count === 1 ? state.ownLength + 1 : 0);
      const { cache: rows, slot, prefix } = state;
      const arrangement = { cache: rows, firstSlot: slot, sequences: [state], prefix };
      return await run(graphs.prefill ?? graphs.decode, embeds.data, count, arrangement);
    },
    async logits(hidden) {
      const all = new Float32Array(hidden.length * hiddenSize);
      hidden.forEach((row, index) => {
        all.set(row, index * hiddenSize);
      });
      return await graphs.head.logits(all, hidden.length);
    },
    async step(tokens) {
      const sequences = tokens.map(({ sequence }) => openSequence(sequence));
      if (sequences.length === 0 || new Set(sequences).size < sequences.length) {
        throw new RangeError('A step reads one token of each sequence, and of one at least.');
      }
      for (const sequence of sequences) checkRoom(sequence, 1);
      const arrangement = batch.layout(sequences.map(({ state }) => state));
      const places = new Map(sequences.map(({ state }, index) => [state, index]));
      const order = arrangement.sequences.map((member) => places.get(member) ?? 0);
      const embeds = tokenEmbeddings.embed(order.map((index) => tokens[index]?.id ?? 0));
      const hidden = await run(graphs.decode, embeds.data, 1, arrangement);
      const scores = await graphs.head.logits(hidden, order.length);
      const byToken: Float32Array[] = [];
      order.forEach((index, place) => {
        byToken[index] = scores[place] ?? new Float32Array();
      });
      return byToken;
    },
    snapshotPrefix(sequence, length) {
      const { state } = openSequence(sequence);
      if (!Number.isInteger(length) || length < 0 || length > lengthOf(state)) {
        throw new RangeError(`The sequence holds ${lengthOf(state)} positions, not ${length}.`);
      }
      const { prefix, cache: rows, slot } = state;
      if (prefix?.length === length) return prefix;
      const copy = KvRows.withLength(config, length);
      const shared = Math.min(prefix?.length ?? 0, length);
      if (prefix) copy.copyPrefix(prefix, shared, 0);
      copy.copyFrom({ rows, slot, length: length - shared }, 0, shared);
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
    const expected = Math.max(0, positions - (prefix?.length ?? 0));
    const rows = new KvRows(config);
    rows.reserve(expected);
    this.state = { prefix, cache: rows, slot: 0, ownLength: 0, reservedLength: expected };
  }

  get length(): number {
    return lengthOf(this.state);
  }
}

function lengthOf({ prefix, ownLength: own }: SequenceState): number {
  return (prefix?.length ?? 0) + own;
}

function openSequence(sequence: Sequence): OpenSequence {
  if (sequence instanceof OpenSequence && !sequence.isClosed) return sequence;
  throw new TypeError('The sequence is closed.');
}
