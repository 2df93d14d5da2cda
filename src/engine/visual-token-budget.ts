import { SalamandraError } from '../errors/salamandra-error.js';
import type { PromptChunk } from '../language/build-prompt.js';

/**
 * How many tokens the pictures of a request may become, so that its longest conversation and an answer of
 * `maxTokens` still fit the context.
 *
 * @param minVisualTokens what the pictures become at the lowest detail.
 * @throws CONTEXT_LENGTH_EXCEEDED when not even that fits.
 */
export function resolveVisualTokenBudget(
  prompts: readonly (readonly PromptChunk[])[],
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
      'Text, picture and answer do not fit the context of the model. Shorten the text or lower max_tokens.',
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
export function countTextIds(prompt: readonly PromptChunk[]): number {
  return prompt.reduce((sum, chunk) => sum + (chunk.kind === 'text' ? chunk.ids.length : 0), 0);
}
