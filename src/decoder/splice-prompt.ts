import type { PromptChunk } from '../language/build-prompt.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { createTensor } from '../tensor/tensor.js';
import type { TokenEmbeddings } from './token-embeddings.js';

/** Where the embeddings of one picture lie in a prompt, in positions. */
interface PlaceholderRange {
  readonly offset: number;
  readonly length: number;
}

/** A prompt as the decoder reads it. */
export interface PromptEmbeddings {
  readonly inputsEmbeds: FloatTensor; // [sequence, hidden]
  /** One range a picture, in the order of the prompt. */
  readonly placeholders: readonly PlaceholderRange[];
  /** The ids of the text alone, in order: what a repetition penalty looks at. */
  readonly textIds: readonly number[];
}

/**
 * Puts the picture embeddings in the places the prompt keeps for them.
 *
 * @param imageEmbeddings one `[visualTokens, hidden]` a picture, in the order the pictures were sent.
 * @throws RangeError unless every picture is placed exactly once and all widths agree.
 */
export function splicePrompt(
  chunks: readonly PromptChunk[],
  imageEmbeddings: readonly FloatTensor[],
  tokenEmbeddings: TokenEmbeddings,
): PromptEmbeddings {
  const placed = chunks.flatMap((chunk) => (chunk.kind === 'image' ? [chunk.index] : []));
  const isEachPlacedOnce =
    placed.length === imageEmbeddings.length &&
    imageEmbeddings.every((_, index) => placed.includes(index));
  if (!isEachPlacedOnce) {
    throw new RangeError(
      `The prompt places ${placed.length} of ${imageEmbeddings.length} pictures.`,
    );
  }

  const placeholders: PlaceholderRange[] = [];
  let sequence = 0;
  const parts = chunks.map((chunk) => {
    const part =
      chunk.kind === 'image' ? imageEmbeddings[chunk.index] : tokenEmbeddings.embed(chunk.ids);
    const [length, width] = part?.shape ?? [];
    if (!part || length === undefined || width !== tokenEmbeddings.hiddenSize) {
      throw new RangeError(`Embeddings are ${width} wide, not ${tokenEmbeddings.hiddenSize}.`);
    }
    if (chunk.kind === 'image') placeholders.push({ offset: sequence, length });
    const offset = sequence;
    sequence += length;
    return { part, offset };
  });

  const inputsEmbeds = createTensor([sequence, tokenEmbeddings.hiddenSize]);
  for (const { part, offset } of parts) {
    inputsEmbeds.data.set(part.data, offset * tokenEmbeddings.hiddenSize);
  }
  const textIds = chunks.flatMap((chunk) => (chunk.kind === 'text' ? chunk.ids : []));
  return { inputsEmbeds, placeholders, textIds };
}
