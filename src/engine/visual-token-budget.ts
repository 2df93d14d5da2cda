import { SalamandraError } from '../errors/salamandra-error.js';
import type { PromptSegment } from '../language/build-prompt.js';

/**
 * How many tokens the pictures and clips of a request may become together, so that its longest conversation and an answer
 * of `maxTokens` still fit the context.
 *
 * @param minVisualTokens what they become at the lowest detail, with one frame a clip.
 * @throws CONTEXT_LENGTH_EXCEEDED when not even that fits.
 */
export function resolveVisualTokenBudget(
  prompts: readonly (readonly PromptSegment[])[],
  limits: {
    readonly maxPositions: number;
    readonly maxTokens: number;
    readonly minVisualTokens: number;
  },
): number {
  const promptTokens = Math.max(0, ...prompts.map(countTextIds));
  const { maxPositions, maxTokens, minVisualTokens } = limits;
  const budget = maxPositions - promptTokens - maxTokens;
  if (budget < minVisualTokens) {
    throw new SalamandraError(
      'CONTEXT_LENGTH_EXCEEDED',
      'Text, media and answer do not fit the context of the model. Shorten the text, send fewer media or lower max_tokens.',
      {
        details: {
          context_length: maxPositions,
          text_tokens: promptTokens,
          min_image_tokens: minVisualTokens,
          max_tokens: maxTokens,
        },
      },
    );
  }
  return budget;
}

/** Ids of the text chunks alone. */
export function countTextIds(prompt: readonly PromptSegment[]): number {
  return prompt.reduce((sum, chunk) => sum + (chunk.kind === 'text' ? chunk.ids.length : 0), 0);
}

/**
 * Shares frames among clips: one each, then one more each in turn until the tokens are spent or nobody wishes more.
 *
 * @param wished frames each clip would take; Infinity where only its length says
 * @param spareTokens what is left once every clip has its first frame
 * @param frameTokens embeddings of one frame
 */
export function shareFrames(
  wished: readonly number[],
  spareTokens: number,
  frameTokens: number,
): number[] {
  let spare = Math.floor(spareTokens / frameTokens);
  const shares = wished.map(() => 1);
  while (spare > 0 && shares.some((share, clip) => share < (wished[clip] ?? 0))) {
    for (const [clip, share] of shares.entries()) {
      if (spare === 0 || share >= (wished[clip] ?? 0)) continue;
      shares[clip] = share + 1;
      spare -= 1;
    }
  }
  return shares;
}
