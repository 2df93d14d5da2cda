import type { RequestOutcome } from '../../../engine/collect-outcome.js';
import type {
  Answer,
  EngineRequest,
  TokenLogprob,
} from '../../../engine/vision-language-engine.js';
import { presentMedia } from '../../response/media-response.js';
import { presentTimings } from '../../response/outcome-response.js';
import { presentLogprob } from '../../response/token-logprobs-response.js';
import { type CompletionFrame, presentFinishReason, presentUsage } from '../completion-frame.js';

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
    usage: presentUsage([answer]),
    x_salamandra: presentExtension(answer, outcome, request),
  };
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
