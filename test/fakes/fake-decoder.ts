import type { Decoder, Sequence } from '../../src/decoder/decoder.js';
import type { KvPrefix } from '../../src/decoder/kv-cache/kv-prefix.js';
import type { TokenEmbeddings } from '../../src/decoder/token-embeddings.js';

/** A run of the fake: a prefill chunk of one prompt, or a decode step of a batch. */
export type DecoderRun =
  | { readonly kind: 'prefill'; readonly positions: number }
  | { readonly kind: 'step'; readonly sequences: readonly Sequence[] };

export interface FakeDecoder extends Decoder {
  /** All runs, in order. */
  readonly log: readonly DecoderRun[];
  /** Positions of all open sequences, without those of prefix snapshots. */
  readonly openPositions: number;
  readonly openSequences: number;
  /** Called at the start of every run. An error that it throws fails the run. */
  onRun: (run: DecoderRun) => void;
}

export interface FakeDecoderOptions {
  readonly maxPositions: number;
  readonly vocabulary: number;
  /** Token ids that can be sampled. All others have a logit of -100. */
  readonly likelyIds: { readonly first: number; readonly count: number };
}

/** Hidden state at one position, `[hidden]`. */
type State = Float32Array;

const CHUNK = 512;
/** Arbitrary. */
const BYTES_PER_TOKEN = 100;

/**
 * A recurrent decoder: each state mixes the previous state with the embedding. The logits depend on all previous
 * tokens and their order, and not on how the prompt is cut into chunks and steps.
 */
export function createFakeDecoder(
  options: FakeDecoderOptions,
  tokenEmbeddings: TokenEmbeddings,
): FakeDecoder {
  const { hiddenSize } = tokenEmbeddings;
  const log: DecoderRun[] = [];
  const open = new Map<Sequence, State[]>();

  const statesOf = (sequence: Sequence): State[] => {
    const states = open.get(sequence);
    if (!states) throw new TypeError('The sequence is closed.');
    return states;
  };
  const append = (states: State[], row: Float32Array): State => {
    const before = states.at(-1) ?? new Float32Array(hiddenSize);
    const next = row.map((value, d) =>
      Math.sin(1.7 * value + 0.9 * (before[d] ?? 0) + 0.6 * (before[(d + 1) % hiddenSize] ?? 0)),
    );
    if (states.length >= options.maxPositions) throw new RangeError('The context is full.');
    states.push(next);
    return next;
  };
  const logitsOf = (hidden: Float32Array): Float32Array => {
    const logits = new Float32Array(options.vocabulary).fill(-100);
    const { first, count } = options.likelyIds;
    for (let index = 0; index < count; index++) {
      logits[first + index] = hidden.reduce(
        (sum, x, d) => sum + 3 * x * Math.cos(index * 7 + d * 3),
        0,
      );
    }
    return logits;
  };
  const startRun = (run: DecoderRun) => {
    log.push(run);
    decoder.onRun(run);
  };

  const decoder: FakeDecoder = {
    ...{ maxPositions: options.maxPositions, longestChunk: CHUNK, log },
    cacheBytesPerToken: BYTES_PER_TOKEN,
    onRun: () => undefined,
    get openSequences() {
      return open.size;
    },
    get openPositions() {
      return [...open.values()].reduce((sum, states) => sum + states.length, 0);
    },
    createSequence(prefix) {
      const states = Array.from({ length: prefix?.length ?? 0 }, (_, position) =>
        (prefix?.planes[0]?.data as Float32Array).slice(
          position * hiddenSize,
          (position + 1) * hiddenSize,
        ),
      );
      const sequence: Sequence = {
        get length() {
          return states.length;
        },
      };
      open.set(sequence, states);
      return sequence;
    },
    async prefill(sequence, { shape: [count = 0], data }) {
      if (count < 1 || count > CHUNK) throw new RangeError(`A chunk of ${count} positions.`);
      startRun({ kind: 'prefill', positions: count });
      await Promise.resolve();
      const states = statesOf(sequence);
      for (let i = 0; i < count; i++) {
        append(states, data.slice(i * hiddenSize, (i + 1) * hiddenSize));
      }
      return states.at(-1) ?? new Float32Array(hiddenSize);
    },
    logits: (hidden) => Promise.resolve(hidden.map(logitsOf)),
    async step(tokens) {
      const sequences = tokens.map(({ sequence }) => sequence);
      if (new Set(sequences).size < sequences.length)
        throw new RangeError('A decode step contains a sequence twice.');
      startRun({ kind: 'step', sequences });
      await Promise.resolve();
      return tokens.map(({ sequence, id }) =>
        logitsOf(append(statesOf(sequence), tokenEmbeddings.embed([id]).data)),
      );
    },
    snapshotPrefix(sequence, length): KvPrefix {
      const states = statesOf(sequence).slice(0, length);
      if (states.length < length) throw new RangeError('The prefix is longer than the sequence.');
      const data = new Float32Array(length * hiddenSize);
      states.forEach((state, position) => data.set(state, position * hiddenSize));
      return { length, bytes: length * BYTES_PER_TOKEN, planes: [{ name: 'states', data }] };
    },
    close(sequence) {
      statesOf(sequence);
      open.delete(sequence);
    },
  };
  return decoder;
}
