import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type {
  Answer,
  EngineRequest,
  TokenLogprob,
  EngineEvent,
} from '../../engine/vision-language-engine.js';
import { presentMedia } from '../response/media-response.js';
import { presentTimings } from '../response/outcome-response.js';
import { presentLogprob } from '../response/token-logprobs-response.js';
import { type CompletionFrame, presentFinishReason, presentUsage } from './completion-frame.js';
import type { MediaReport } from '../../media/media-report.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { SseMessage } from '../response/event-stream.js';
import type { ReplyForm } from './request-body.js';

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

type Stream = Extract<ReplyForm, { readonly kind: 'stream' }>;

/**
 * OpenAI's stream of one completion: a chunk with the role, chunks with text, one with the reason of the end, one with
 * the usage where it is wished, and `[DONE]`.
 *
 * @throws what the events throw.
 */
export async function* toChatChunks(
  events: AsyncIterable<EngineEvent>,
  frame: CompletionFrame,
  request: EngineRequest,
  stream: Stream,
): AsyncGenerator<SseMessage, undefined> {
  const writeChunk = createChunkWriter(frame, stream);
  let media: readonly MediaReport[] = [];
  let answer: Answer | undefined;
  let sentTokens = 0;
  let isBegun = false;
  for await (const event of events) {
    if (!isBegun) yield writeChunk({ delta: { role: 'assistant', content: '', refusal: null } });
    isBegun = true;
    if (event.type === 'media') {
      media = event.media;
    } else if (event.type === 'text-delta') {
      sentTokens += event.tokens?.length ?? 0;
      yield writeChunk({ delta: { content: event.text }, tokens: event.tokens });
    } else if (event.type === 'answer') {
      answer = event;
    } else if (answer) {
      const { timings } = event;
      yield writeChunk({
        delta: {},
        // Tokens whose text was never sent: those of a stop string, the first part of a character.
        tokens: answer.tokens?.slice(sentTokens),
        finishReason: presentFinishReason(answer.finishReason),
        extension: presentExtension(answer, { media, timings }, request),
      });
      if (stream.usage) yield usageChunk(frame, answer);
      yield { data: '[DONE]' };
      return;
    }
  }
  throw new SalamandraError('INTERNAL', 'The work ended before its result.');
}

interface Chunk {
  readonly delta: object;
  readonly tokens?: readonly TokenLogprob[] | undefined;
  readonly finishReason?: 'stop' | 'length';
  readonly extension?: object;
}

function createChunkWriter(
  frame: CompletionFrame,
  { usage }: Stream,
): (chunk: Chunk) => SseMessage {
  return ({ delta, tokens, finishReason, extension }) => {
    const logprobs = tokens && tokens.length > 0 ? presentLogprobs(tokens) : null;
    const choice = { index: 0, delta, logprobs, finish_reason: finishReason ?? null };
    const chunk = {
      object: 'chat.completion.chunk',
      ...frame,
      choices: [choice],
      ...(usage && { usage: null }),
      ...(extension && { x_salamandra: extension }),
    };
    return { data: JSON.stringify(chunk) };
  };
}

function usageChunk(frame: CompletionFrame, answer: Answer): SseMessage {
  const chunk = { object: 'chat.completion.chunk', ...frame, choices: [] };
  return { data: JSON.stringify({ ...chunk, usage: presentUsage([answer]) }) };
}
