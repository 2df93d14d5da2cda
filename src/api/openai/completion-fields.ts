import { randomUUID } from 'node:crypto';

import type { Answer, ModelDescription } from '../../engine/vision-language-engine.js';

/** The fields that identify a completion. All its chunks carry the same values. */
export interface CompletionHeader {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  /** Depends on the weights and their precision. */
  readonly system_fingerprint: string;
}

/** @param prefix of the id, as OpenAI has it. */
export function createCompletionHeader(
  prefix: 'chatcmpl' | 'cmpl',
  model: ModelDescription,
): CompletionHeader {
  return {
    id: `${prefix}-${randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: `fp_${model.revision.slice(0, 12)}_${model.precision}`,
  };
}

/**
 * The end of a choice. OpenAI has no value for `repetition` and `cancelled`; `x_salamandra.finish_reason` carries the
 * original. `stop_reason` is vLLM's: the stop string or the stop token.
 */
export function toEnd({ finishReason, stopReason }: Pick<Answer, 'finishReason' | 'stopReason'>) {
  return {
    finish_reason: finishReason === 'length' ? 'length' : 'stop',
    stop_reason: stopReason,
  } as const;
}

/** OpenAI's `usage`, summed over all answers, with the visual tokens as an extension. */
export function toOpenAiUsage(answers: readonly Pick<Answer, 'usage'>[]) {
  const sum = (pick: (usage: Answer['usage']) => number) =>
    answers.reduce((total, { usage }) => total + pick(usage), 0);
  const promptTokens = sum((usage) => usage.promptTokens);
  const completionTokens = sum((usage) => usage.completionTokens);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: {
      cached_tokens: sum((usage) => usage.cachedTokens),
      image_tokens: sum((usage) => usage.imageTokens),
    },
  };
}
