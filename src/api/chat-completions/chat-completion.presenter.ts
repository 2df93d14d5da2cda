import { randomUUID } from 'node:crypto';

import type { FinishReason } from '../../decoder/generate.js';
import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type {
  Answer,
  EngineRequest,
  ModelDescription,
  TokenLogprob,
} from '../../engine/vision-language-engine.js';
import { presentMedia } from '../http/media.presenter.js';
import { presentTimings } from '../http/outcome.presenter.js';
import { presentLogprob } from '../http/token-logprobs.presenter.js';

/** What every object about one completion carries, so that a client sees they belong together. */
export interface CompletionFrame {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  /** Changes with the weights and with their precision. */
  readonly system_fingerprint: string;
}

/** Names a new completion. */
export function createCompletionFrame(model: ModelDescription): CompletionFrame {
  return {
    id: `chatcmpl-${randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    model: model.id,
    system_fingerprint: `fp_${model.revision.slice(0, 12)}_${model.precision}`,
  };
}

/** OpenAI's `chat.completion`. */
export function presentChatCompletion(
  frame: CompletionFrame,
  answer: Answer,
  outcome: RequestOutcome,
  request: EngineRequest,
) {
  const choice = {
    index: 0,
    message: { role: 'assistant', content: answer.text, refusal: null },
    logprobs: answer.tokens ? presentLogprobs(answer.tokens) : null,
    finish_reason: presentFinishReason(answer.finishReason),
  };
  return {
    object: 'chat.completion',
    ...frame,
    choices: [choice],
    usage: presentUsage(answer),
    x_salamandra: presentExtension(answer, outcome, request),
  };
}

/** OpenAI knows no answer that goes round in circles; ours ends there, and `x_salamandra` says why. */
export function presentFinishReason(reason: FinishReason): 'stop' | 'length' {
  return reason === 'length' ? 'length' : 'stop';
}

/** OpenAI's form. */
export function presentLogprobs(tokens: readonly TokenLogprob[]) {
  const content = tokens.map((token) => ({
    ...presentToken(token),
    top_logprobs: token.top.map(presentToken),
  }));
  return { content, refusal: null };
}

type RankedToken = TokenLogprob['top'][number];

function presentToken({ text, bytes, logprob }: RankedToken) {
  return { token: text, bytes: [...bytes], logprob: presentLogprob(logprob) };
}

/** OpenAI's `usage`, and with it how many of the prompt's tokens are pictures and clips. */
export function presentUsage({ usage }: Answer) {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, image_tokens: usage.imageTokens },
  };
}

/** What OpenAI's form has no place for, in one member that its clients pass over. */
export function presentExtension(
  { finishReason }: Answer,
  { media, timings }: Pick<RequestOutcome, 'media' | 'timings'>,
  { detail }: EngineRequest,
) {
  return {
    finish_reason: finishReason,
    media: presentMedia(media, detail),
    timings: presentTimings(timings),
  };
}
