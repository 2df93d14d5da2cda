import { createDecoder, type Decoder, type Sequence } from '../../src/decoder/decoder.js';
import { createOutputHead } from '../../src/decoder/output-head.js';
import type { TokenEmbeddings } from '../../src/decoder/token-embeddings.js';
import { createTensor } from '../../src/tensor/tensor.js';
import {
  createAttentionSession,
  createHeadSession,
  FAKE_DECODER,
  scoreWhole,
} from './attention-session.js';

const HIDDEN = FAKE_DECODER.hiddenSize;

/** The size of the fake's vocabulary is eleven. */
export const tokenEmbeddings: TokenEmbeddings = {
  hiddenSize: HIDDEN,
  embed: (ids) =>
    createTensor(
      [ids.length, HIDDEN],
      Float32Array.from(
        ids.flatMap((id) => Array.from({ length: HIDDEN }, (_, d) => Math.sin(id * 5 + d))),
      ),
    ),
  close: () => undefined,
};
const { embed } = tokenEmbeddings;

/** The first `count` token ids of a pseudo-random text. */
export function idsOf(length: number): number[] {
  return Array.from({ length }, (_, i) => (i * i + 3 * i) % 11);
}

/** The expected logits after these token ids, computed without the decoder. */
export function expectedScores(ids: readonly number[]): Float32Array {
  return scoreWhole(embed(ids).data);
}

/** The production decoder over a session that computes attention in plain loops. */
export function createAttentionDecoder() {
  const session = createAttentionSession();
  const head = createOutputHead(createHeadSession(), null);
  const graphs = { decode: session, prefill: null, head };
  return { session, decoder: createDecoder(graphs, FAKE_DECODER, tokenEmbeddings) };
}

/** Prefills a prompt and returns the logits after it. */
export async function readIds(decoder: Decoder, sequence: Sequence, ids: readonly number[]) {
  const [scores] = await decoder.logits([await decoder.prefill(sequence, embed(ids))]);
  if (!scores) throw new RangeError('The decoder returned no logits.');
  return scores;
}

/** Creates a sequence and prefills these ids, after all of another sequence if one is given. */
export async function openWith(decoder: Decoder, ids: readonly number[], from?: Sequence) {
  const sequence = from
    ? decoder.createSequence(decoder.snapshotPrefix(from, from.length))
    : decoder.createSequence();
  if (ids.length > 0) await decoder.prefill(sequence, embed(ids));
  return sequence;
}
