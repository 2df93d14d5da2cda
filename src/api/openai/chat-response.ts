import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { Answer, EngineRequest, TokenLogprob } from '../../engine/vision-language-engine.js';
import { languageCheckJson } from '../../language/check/language-check-json.js';
import type { Language } from '../../language/languages.js';
import type { SseMessage } from '../response/event-stream.js';
import { toMediaResponse } from '../response/media-response.js';
import { toLogprobResponse, toTimingsResponse } from '../response/outcome-response.js';
import type { OutcomeFormat } from '../response/send-outcome.js';
import { type CompletionHeader, toEnd, toOpenAiUsage } from './completion-fields.js';
import { toOpenAiErrorMessage } from './errors.js';

/** What the extension reports about the request. */
interface ChatAnswerRequest extends Pick<EngineRequest, 'detail'> {
  /** Of the answer; undefined leaves it to the model. */
  readonly language: Language | undefined;
  /** Whether the answer is JSON, which is no sentence: its language is not checked. */
  readonly isJson: boolean;
}

/**
 * OpenAI's `chat.completion`, and its stream: a chunk with the role, chunks with text, a chunk with the finish reason,
 * a chunk with the usage if `includeUsage` is set, and `[DONE]`.
 */
export function createChatFormat(
  header: CompletionHeader,
  request: ChatAnswerRequest,
  includeUsage: boolean,
): OutcomeFormat {
  let sentTokens = 0;
  const toChunk = ({ delta, tokens, end, extension }: Chunk): SseMessage => {
    const logprobs = tokens && tokens.length > 0 ? toChatLogprobs(tokens) : null;
    const chunk = {
      object: 'chat.completion.chunk',
      ...header,
      choices: [{ index: 0, delta, logprobs, ...(end ?? { finish_reason: null }) }],
      ...(includeUsage && { usage: null }),
      ...(extension && { x_salamandra: extension }),
    };
    return { data: JSON.stringify(chunk) };
  };
  const toUsageChunk = (answer: Answer): SseMessage => {
    const chunk = { object: 'chat.completion.chunk', ...header, choices: [] };
    return { data: JSON.stringify({ ...chunk, usage: toOpenAiUsage([answer]) }) };
  };
  return {
    toResponse: (outcome) => toChatResponse(header, outcome, request),
    toMessages: (event) => {
      switch (event.type) {
        case 'media':
          return [toChunk({ delta: { role: 'assistant', content: '', refusal: null } })];
        case 'text-delta':
          sentTokens += event.tokens?.length ?? 0;
          return [toChunk({ delta: { content: event.text }, tokens: event.tokens })];
        case 'answer':
          return [];
        case 'done': {
          const answer = answerOf(event.outcome);
          const last = toChunk({
            delta: {},
            // Tokens without text of their own: those of a stop string or of an incomplete character.
            tokens: answer.tokens?.slice(sentTokens),
            end: toEnd(answer),
            extension: toExtension(answer, event.outcome, request),
          });
          return [last, ...(includeUsage ? [toUsageChunk(answer)] : []), { data: '[DONE]' }];
        }
      }
    },
    toErrorMessage: toOpenAiErrorMessage,
  };
}

interface Chunk {
  readonly delta: object;
  readonly tokens?: readonly TokenLogprob[] | undefined;
  readonly end?: ReturnType<typeof toEnd>;
  readonly extension?: object;
}

function toChatResponse(
  header: CompletionHeader,
  outcome: RequestOutcome,
  request: ChatAnswerRequest,
) {
  const answer = answerOf(outcome);
  const choice = {
    index: 0,
    message: { role: 'assistant', content: answer.text, refusal: null },
    logprobs: answer.tokens ? toChatLogprobs(answer.tokens) : null,
    ...toEnd(answer),
  };
  return {
    object: 'chat.completion',
    ...header,
    choices: [choice],
    usage: toOpenAiUsage([answer]),
    x_salamandra: toExtension(answer, outcome, request),
  };
}

function answerOf({ answers: [answer] }: RequestOutcome): Answer {
  if (!answer) throw new Error('The engine gave no answer.');
  return answer;
}

function toChatLogprobs(tokens: readonly TokenLogprob[]) {
  const content = tokens.map((token) => ({
    ...toChatToken(token),
    top_logprobs: token.top.map(toChatToken),
  }));
  return { content, refusal: null };
}

function toChatToken({ text, bytes, logprob }: TokenLogprob['top'][number]) {
  return { token: text, bytes: [...bytes], logprob: toLogprobResponse(logprob) };
}

/** Fields that OpenAI's form lacks, in one member that its clients ignore. */
function toExtension(
  { finishReason, receipt, text }: Answer,
  { media, timings }: RequestOutcome,
  { detail, language, isJson }: ChatAnswerRequest,
) {
  return {
    finish_reason: finishReason,
    media: toMediaResponse(media, detail),
    timings: toTimingsResponse(timings),
    language: language?.code ?? null,
    language_check: language && !isJson ? languageCheckJson(text, language.code) : null,
    ...(receipt && { receipt }),
  };
}
