import type { Answer, EngineEvent, TokenLogprob } from '../../../engine/vision-language-engine.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import type { SseMessage } from '../../response/event-stream-response.js';
import { type CompletionFrame, presentUsage } from '../completion-frame.js';
import type { ReplyForm } from '../read-body.js';
import {
  createOffsets,
  type Offsets,
  presentEnd,
  presentTextLogprobs,
} from './completion.presenter.js';

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
