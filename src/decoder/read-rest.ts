import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import type { Decoder, Sequence } from './decoder.js';
import { chunkLength } from './prefill-chunks.js';

/**
 * Reads what of a prompt a sequence has not read yet, in chunks, for whoever has nothing to do between them.
 *
 * @param inputsEmbeds of the whole prompt, `[positions, hidden]`, longer than the sequence.
 * @returns the hidden state `[hidden]` after the last position.
 */
export async function readRest(
  decoder: Decoder,
  sequence: Sequence,
  { shape, data }: FloatTensor,
): Promise<Float32Array> {
  const [positions = 0, hidden = 0] = shape;
  if (sequence.length >= positions) throw new RangeError('Nothing of the prompt is left to read.');
  let state: Float32Array = new Float32Array();
  while (sequence.length < positions) {
    const start = sequence.length;
    const count = chunkLength(positions - start, decoder.longestChunk);
    const rows = data.subarray(start * hidden, (start + count) * hidden);
    state = await decoder.prefill(sequence, createTensor([count, hidden], rows));
  }
  return state;
}
