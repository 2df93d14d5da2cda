import { createDecoder, type Decoder, type Sequence } from '../../src/decoder/decoder.js';
import { createOutputHead } from '../../src/decoder/output-head.js';
import type { TokenEmbeddings } from '../../src/decoder/token-embeddings.js';
import { createTensor } from '../../src/tensor/tensor.js';
import {
  createAttentionSession,
  createHeadSession,
  FAKE_DECODER,
  computeLogits,
} from './attention-session.js';

const HIDDEN = FAKE_DECODER.hiddenSize;

/** Embeddings of the fake's 11 tokens. */
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

/** Token ids of a pseudo-random text. Shorter texts are prefixes of longer ones. */
export function tokenIds(length: number): number[] {
  return Array.from({ length }, (_, i) => (i * i + 3 * i) % 11);
}

/** Expected logits after these token ids, computed without the decoder and without a cache. */
export function expectedLogits(ids: readonly number[]): Float32Array {
  return computeLogits(embed(ids).data);
}

/** The production decoder over a session that computes attention in plain loops. */
export function createAttentionDecoder() {
  const session = createAttentionSession();
  const head = createOutputHead(createHeadSession(), null, null);
  const graphs = { decode: session, prefill: null, head };
  return { session, decoder: createDecoder(graphs, FAKE_DECODER, tokenEmbeddings) };
}

/** Prefills a prompt and returns the logits after it. */
export async function prefillIds(decoder: Decoder, sequence: Sequence, ids: readonly number[]) {
  const [logits] = await decoder.logits([await decoder.prefill(sequence, embed(ids))]);
  if (!logits) throw new RangeError('The decoder returned no logits.');
  return logits;
}

/** Creates a sequence and prefills these ids. With `from`, it continues a snapshot of that whole sequence. */
export async function openSequence(decoder: Decoder, ids: readonly number[], from?: Sequence) {
  const sequence = from
    ? decoder.createSequence(decoder.snapshotPrefix(from, from.length))
    : decoder.createSequence();
  if (ids.length > 0) await decoder.prefill(sequence, embed(ids));
  return sequence;
}
