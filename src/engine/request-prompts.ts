import { SalamandraError } from '../errors/salamandra-error.js';
import type { PromptChunk } from '../language/build-prompt.js';

/**
 * The one picture of a request, which every conversation must show once.
 *
 * @throws INVALID_PARAMETER for any other number of pictures.
 */
export function takeOnlyImage(
  images: readonly Uint8Array[],
  prompts: readonly (readonly PromptChunk[])[],
): Uint8Array {
  const [image] = images;
  const shown = prompts.map((prompt) => prompt.filter(({ kind }) => kind === 'image').length);
  if (!image || images.length > 1 || shown.some((count) => count !== 1)) {
    throw new SalamandraError('INVALID_PARAMETER', 'A request takes exactly one picture.', {
      details: { images: images.length },
    });
  }
  return image;
}

/**
 * How many positions two prompts over the same pictures have in common from the start. The last position of `next` is
 * never among them: reading it is what gives the first token.
 */
export function countSharedPositions(
  previous: readonly PromptChunk[],
  next: readonly PromptChunk[],
  visualTokens: readonly number[],
): number {
  const before = listPositions(previous, visualTokens);
  const after = listPositions(next, visualTokens);
  const longest = Math.min(before.length, after.length - 1);
  let shared = 0;
  while (shared < longest && before[shared] === after[shared]) shared += 1;
  return shared;
}

/** A mark for each position: its id, or a negative number that names the picture it belongs to. */
function listPositions(prompt: readonly PromptChunk[], visualTokens: readonly number[]): number[] {
  return prompt.flatMap((chunk) =>
    chunk.kind === 'text'
      ? chunk.ids
      : new Array<number>(visualTokens[chunk.index] ?? 0).fill(-1 - chunk.index),
  );
}
