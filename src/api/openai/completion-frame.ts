import { randomUUID } from 'node:crypto';

import type { FinishReason } from '../../decoder/sampling/generator.js';
import type { Answer, ModelDescription } from '../../engine/vision-language-engine.js';

/** What every object about one completion carries, so that a client sees they belong together. */
export interface CompletionFrame {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  /** Changes with the weights and with their precision. */
  readonly system_fingerprint: string;
}

/** Names a new completion; the kind is how OpenAI's ids begin. */
export function createCompletionFrame(
  kind: 'chatcmpl' | 'cmpl',
  model: ModelDescription,
): CompletionFrame {
  return {
    id: `${kind}-${randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: `fp_${model.revision.slice(0, 12)}_${model.precision}`,
  };
}

/** OpenAI knows no answer that goes round in circles; ours ends there, and `x_salamandra` says why. */
export function presentFinishReason(reason: FinishReason): 'stop' | 'length' {
  return reason === 'length' ? 'length' : 'stop';
}

/** OpenAI's `usage` over all answers, and with it how many of the prompts' tokens are pictures and clips. */
export function presentUsage(answers: readonly Pick<Answer, 'usage'>[]) {
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
