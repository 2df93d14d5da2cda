import type { RequestOutcome } from '../../engine/collect-outcome.js';
import type { Answer, TokenLogprob, EngineEvent } from '../../engine/vision-language-engine.js';
import { presentAnswerTimings } from '../response/outcome-response.js';
import { presentLogprob } from '../response/token-logprobs-response.js';
import { type CompletionFrame, presentFinishReason, presentUsage } from './completion-frame.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { SseMessage } from '../response/event-stream.js';
import type { ReplyForm } from './request-body.js';

/** OpenAI's `text_completion`: a choice for each prompt. */
export function presentCompletion(frame: CompletionFrame, { answers }: RequestOutcome) {
  const choices = answers.map((answer) => ({
    text: answer.text,
    index: answer.conversation,
    logprobs: answer.tokens ? presentTextLogprobs(answer.tokens, createOffsets()) : null,
    ...presentEnd(answer),
  }));
  return { object: 'text_completion', ...frame, choices, usage: presentUsage(answers) };
}

/** How a choice ended, and in one member that clients pass over what OpenAI's form has no place for. */
export function presentEnd({ finishReason, timings }: Answer) {
  return {
    finish_reason: presentFinishReason(finishReason),
    x_salamandra: { finish_reason: finishReason, timings: presentAnswerTimings(timings) },
  };
}

/** Gives each token of a text the character it begins in; the tokens come in their order. */
export type Offsets = (token: TokenLogprob) => number;

/** Offsets of a text from its start: characters, as Python counts them. */
export function createOffsets(): Offsets {
  let begun = 0;
  // In UTF-8 these bytes go on with a character that another one began.
  const isContinuation = (byte: number | undefined) =>
    byte !== undefined && byte >= 0x80 && byte < 0xc0;
  return ({ bytes }) => {
    const offset = isContinuation(bytes[0]) ? Math.max(begun - 1, 0) : begun;
    begun += bytes.filter((byte) => !isContinuation(byte)).length;
    return offset;
  };
}

/** The older form of probabilities: lists side by side, and an object of the likeliest for each token. */
export function presentTextLogprobs(tokens: readonly TokenLogprob[], offsetOf: Offsets) {
  return {
    tokens: tokens.map(presentToken),
    token_logprobs: tokens.map(({ logprob }) => presentLogprob(logprob)),
    top_logprobs: tokens.map(({ top }) =>
      Object.fromEntries(top.map((one) => [presentToken(one), presentLogprob(one.logprob)])),
    ),
    text_offset: tokens.map(offsetOf),
  };
}

/** A part of a character is written as its bytes, as OpenAI does: as text, several would be the same. */
function presentToken({ text, bytes }: TokenLogprob['top'][number]): string {
  if (text !== '\ufffd') return text;
  return `bytes:${bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`;
}

type Stream = Extract<ReplyForm, { readonly kind: 'stream' }>;

/** One of the choices that are written, side by side. */
interface OpenChoice {
  sentTokens: number;
  readonly offsetOf: Offsets;
}

/**
 * OpenAI's stream of completions: for each choice, by its index, chunks with text and one with the reason of its end, then
 * one with the usage of all where it is wished, and `[DONE]`.
 *
 * @throws what the events throw.
 */
export async function* toCompletionChunks(
  events: AsyncIterable<EngineEvent>,
  frame: CompletionFrame,
  { usage }: Stream,
): AsyncGenerator<SseMessage, undefined> {
  const answers: Answer[] = [];
  const choices = new Map<number, OpenChoice>();
  const choiceOf = (index: number): OpenChoice => {
    const choice = choices.get(index) ?? { sentTokens: 0, offsetOf: createOffsets() };
    choices.set(index, choice);
    return choice;
  };
  const writeChunk = (
    index: number,
    text: string,
    tokens: readonly TokenLogprob[] | undefined,
    end: object = { finish_reason: null },
  ): SseMessage => {
    const choice = choiceOf(index);
    choice.sentTokens += tokens?.length ?? 0;
    const logprobs =
      tokens && tokens.length > 0 ? presentTextLogprobs(tokens, choice.offsetOf) : null;
    const chunk = {
      object: 'text_completion',
      ...frame,
      choices: [{ text, index, logprobs, ...end }],
      ...(usage && { usage: null }),
    };
    return { data: JSON.stringify(chunk) };
  };

  for await (const event of events) {
    if (event.type === 'text-delta') {
      yield writeChunk(event.conversation, event.text, event.tokens);
    } else if (event.type === 'answer') {
      answers.push(event);
      // Tokens whose text was never sent: those of a stop string, the first part of a character.
      const rest = event.tokens?.slice(choiceOf(event.conversation).sentTokens);
      yield writeChunk(event.conversation, '', rest, presentEnd(event));
    } else if (event.type === 'done') {
      const last = { object: 'text_completion', ...frame, choices: [] };
      if (usage) yield { data: JSON.stringify({ ...last, usage: presentUsage(answers) }) };
      yield { data: '[DONE]' };
      return;
    }
  }
  throw new SalamandraError('INTERNAL', 'The work ended before its result.');
}
