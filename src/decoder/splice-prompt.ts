import type { ByKind, PromptSegment } from '../language/build-prompt.js';
import { type FloatTensor, createTensor } from '../tensor/tensor.js';
import type { TokenEmbeddings } from './token-embeddings.js';

/** Where the embeddings of one picture or clip lie in a prompt, in positions. */
interface PlaceholderRange {
  readonly offset: number;
  readonly length: number;
}

/** A prompt as the decoder reads it. */
export interface PromptEmbeddings {
  readonly inputsEmbeds: FloatTensor; // [sequence, hidden]
  /** One range a picture or clip, in the order of the prompt. */
  readonly placeholders: readonly PlaceholderRange[];
  /** The ids of the text alone, in order: what a repetition penalty looks at. */
  readonly textIds: readonly number[];
}

/**
 * Puts the embeddings of pictures and clips in the places the prompt keeps for them.
 *
 * @param media one `[visualTokens, hidden]` for each.
 * @throws RangeError unless every picture and clip is placed exactly once and all widths agree.
 */
export function splicePrompt(
  chunks: readonly PromptSegment[],
  media: ByKind<FloatTensor>,
  tokenEmbeddings: TokenEmbeddings,
): PromptEmbeddings {
  for (const kind of ['image', 'video'] as const) {
    const placed = chunks.flatMap((chunk) => (chunk.kind === kind ? [chunk.index] : []));
    const isEachPlacedOnce =
      placed.length === media[kind].length &&
      media[kind].every((_, index) => placed.includes(index));
    if (isEachPlacedOnce) continue;
    throw new RangeError(`The prompt places ${placed.length} of ${media[kind].length} (${kind}).`);
  }

  const placeholders: PlaceholderRange[] = [];
  let sequence = 0;
  const parts = chunks.map((chunk) => {
    const part =
      chunk.kind === 'text' ? tokenEmbeddings.embed(chunk.ids) : media[chunk.kind][chunk.index];
    const [length, width] = part?.shape ?? [];
    if (!part || length === undefined || width !== tokenEmbeddings.hiddenSize) {
      throw new RangeError(`Embeddings are ${width} wide, not ${tokenEmbeddings.hiddenSize}.`);
    }
    if (chunk.kind !== 'text') placeholders.push({ offset: sequence, length });
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
