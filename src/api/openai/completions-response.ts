import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { Answer, PromptToken, TokenLogprob } from '../../engine/vision-language-engine.js';
import type { SseMessage } from '../response/event-stream.js';
import { toLogprobResponse, toTextTimingsResponse } from '../response/outcome-response.js';
import type { OutcomeFormat } from '../response/send-outcome.js';
import { type CompletionHeader, toEnd, toOpenAiUsage } from './completion-fields.js';
import { toOpenAiErrorMessage } from './errors.js';

/** State of one choice of a stream. Choices are generated concurrently, so their chunks interleave. */
interface OpenChoice {
  sentTokens: number;
  readonly offsetOf: OffsetOf;
}

/**
 * OpenAI's `text_completion` with one choice per prompt, and its stream: per choice chunks with text and one with the
 * finish reason, then a chunk with the usage of all choices if `includeUsage` is set, and `[DONE]`.
 */
export function createCompletionsFormat(
  header: CompletionHeader,
  includeUsage: boolean,
): OutcomeFormat {
  const choices = new Map<number, OpenChoice>();
  const choiceOf = (index: number): OpenChoice => {
    const choice = choices.get(index) ?? { sentTokens: 0, offsetOf: createOffsetCounter() };
    choices.set(index, choice);
    return choice;
  };
  const toChunk = (
    index: number,
    text: string,
    tokens: readonly TokenLogprob[] | undefined,
    end: object = { finish_reason: null },
  ): SseMessage => {
    const choice = choiceOf(index);
    choice.sentTokens += tokens?.length ?? 0;
    const logprobs = tokens && tokens.length > 0 ? toTextLogprobs(tokens, choice.offsetOf) : null;
    const chunk = {
      object: 'text_completion',
      ...header,
      choices: [{ text, index, logprobs, ...end }],
      ...(includeUsage && { usage: null }),
    };
    return { data: JSON.stringify(chunk) };
  };
  const toUsageChunk = (answers: readonly Answer[]): SseMessage => {
    const chunk = { object: 'text_completion', ...header, choices: [] };
    return { data: JSON.stringify({ ...chunk, usage: toOpenAiUsage(answers) }) };
  };
  return {
    toResponse: (outcome) => toCompletionsResponse(header, outcome),
    toMessages: (event) => {
      switch (event.type) {
        case 'media':
          return [];
        case 'text-delta':
          return [toChunk(event.conversation, event.text, event.tokens)];
        case 'answer': {
          // Tokens without text of their own: those of a stop string or of an incomplete character.
          const rest = event.tokens?.slice(choiceOf(event.conversation).sentTokens);
          return [toChunk(event.conversation, '', rest, toChoiceEnd(event))];
        }
        case 'done':
          return [
            ...(includeUsage ? [toUsageChunk(event.outcome.answers)] : []),
            { data: '[DONE]' },
          ];
      }
    },
    toErrorMessage: toOpenAiErrorMessage,
  };
}

function toCompletionsResponse(header: CompletionHeader, { answers }: RequestOutcome) {
  const choices = answers.map((answer) => ({
    text: (answer.prompt?.text ?? '') + answer.text,
    index: answer.conversation,
    logprobs: answer.tokens
      ? toTextLogprobs([...(answer.prompt?.tokens ?? []), ...answer.tokens], createOffsetCounter())
      : null,
    ...toChoiceEnd(answer),
  }));
  return { object: 'text_completion', ...header, choices, usage: toOpenAiUsage(answers) };
}

/** The finish reason, with fields that OpenAI's form lacks in one member that its clients ignore. */
function toChoiceEnd({ finishReason, stopReason, timings, receipt }: Answer) {
  return {
    ...toEnd({ finishReason, stopReason }),
    x_salamandra: {
      finish_reason: finishReason,
      timings: toTextTimingsResponse(timings),
      ...(receipt && { receipt }),
    },
  };
}

/** Returns the text offset of each token. Must be called with the tokens in order. */
type OffsetOf = (token: Pick<TokenLogprob, 'bytes'>) => number;

/** Counts offsets in code points, as Python does. */
function createOffsetCounter(): OffsetOf {
  let started = 0;
  // UTF-8 continuation bytes 10xxxxxx belong to a character that an earlier token started.
  const isContinuation = (byte: number | undefined) =>
    byte !== undefined && byte >= 0x80 && byte < 0xc0;
  return ({ bytes }) => {
    const offset = isContinuation(bytes[0]) ? Math.max(started - 1, 0) : started;
    started += bytes.filter((byte) => !isContinuation(byte)).length;
    return offset;
  };
}

/** The log-probabilities of OpenAI's completions endpoint: parallel lists, and one object of top tokens per token. */
function toTextLogprobs(tokens: readonly (TokenLogprob | PromptToken)[], offsetOf: OffsetOf) {
  return {
    tokens: tokens.map(toTokenText),
    token_logprobs: tokens.map(({ logprob }) => logprob && toLogprobResponse(logprob)),
    // The first token of a prompt has no probability.
    top_logprobs: tokens.map(({ logprob, top }) =>
      logprob === null
        ? null
        : Object.fromEntries(
            top.map((ranked) => [toTokenText(ranked), toLogprobResponse(ranked.logprob)]),
          ),
    ),
    text_offset: tokens.map(offsetOf),
  };
}

/** Incomplete characters appear as bytes, as in OpenAI's API. As text they would all be U+FFFD and collide as keys. */
function toTokenText({ text, bytes }: Pick<TokenLogprob, 'text' | 'bytes'>): string {
  if (text !== '\ufffd') return text;
  return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
}
