import type { AnswerResult, FinishReason, TokenLogprob } from '../service/api-types.js';

/** How an answer is drawn; null leaves it to the service. */
export interface Sampling {
  readonly temperature: number | null;
  readonly seed: number | null;
}

/** What is asked, and how. */
export interface Question {
  readonly text: string;
  /** The code of the language that the answer shall have. */
  readonly language: string;
  readonly sampling: Sampling;
}

/** How far an answer is. */
export type Progress =
  | {
      readonly state: 'waiting';
      /** How much of the request has been sent, 0 to 1. */
      readonly uploaded: number;
    }
  | { readonly state: 'writing' }
  | { readonly state: 'finished'; readonly reason: FinishReason }
  | { readonly state: 'stopped' }
  | { readonly state: 'failed'; readonly error: unknown };

/** A question and its answer. */
export interface Exchange {
  readonly id: number;
  readonly question: Question;
  /** As much of the answer as there is. */
  readonly text: string;
  /** Those of the answer; empty unless asked for. */
  readonly tokens: readonly TokenLogprob[];
  readonly progress: Progress;
}

export interface Conversation {
  readonly exchanges: readonly Exchange[];
  /** Never given twice, so that what comes late for a dropped exchange finds none. */
  readonly nextId: number;
}

/** Nothing said yet. */
export const EMPTY_CONVERSATION: Conversation = { exchanges: [], nextId: 1 };

/** Whether more of the answer is to come. */
export function isRunning({ progress }: Exchange): boolean {
  return progress.state === 'waiting' || progress.state === 'writing';
}

/** A question after all that was said. */
export function ask({ exchanges, nextId }: Conversation, question: Question): Conversation {
  const progress: Progress = { state: 'waiting', uploaded: 0 };
  const exchange: Exchange = { id: nextId, question, text: '', tokens: [], progress };
  return { exchanges: [...exchanges, exchange], nextId: nextId + 1 };
}

/** A question in the place of an earlier one; what followed that one is gone. */
export function edit(conversation: Conversation, id: number, question: Question): Conversation {
  const at = conversation.exchanges.findIndex((exchange) => exchange.id === id);
  const kept = at < 0 ? conversation.exchanges : conversation.exchanges.slice(0, at);
  return ask({ ...conversation, exchanges: kept }, question);
}

/** The last question once more, with another way to draw the answer. */
export function regenerate(conversation: Conversation, sampling: Sampling): Conversation {
  const last = conversation.exchanges.at(-1);
  return last ? edit(conversation, last.id, { ...last.question, sampling }) : conversation;
}

/** More of the request has been sent. */
export function upload(conversation: Conversation, id: number, uploaded: number): Conversation {
  return change(conversation, id, (exchange) =>
    exchange.progress.state === 'waiting'
      ? { ...exchange, progress: { state: 'waiting', uploaded } }
      : exchange,
  );
}

/** A piece of the answer. */
export function receive(
  conversation: Conversation,
  id: number,
  { text, tokens = [] }: Pick<AnswerResult, 'text' | 'tokens'>,
): Conversation {
  return change(conversation, id, (exchange) => ({
    ...exchange,
    text: exchange.text + text,
    tokens: [...exchange.tokens, ...tokens],
    progress: { state: 'writing' },
  }));
}

/** The whole answer, in place of its pieces. */
export function finish(
  conversation: Conversation,
  id: number,
  {
    text,
    tokens = [],
    finish_reason: reason,
  }: Omit<AnswerResult, 'id' | 'language' | 'usage' | 'timings'>,
): Conversation {
  return change(conversation, id, (exchange) => ({
    ...exchange,
    text,
    tokens,
    progress: { state: 'finished', reason },
  }));
}

/** Whatever runs was stopped; what had come stays. */
export function stop(conversation: Conversation): Conversation {
  return conversation.exchanges.reduce(
    (made, { id }) =>
      change(made, id, (exchange) => ({ ...exchange, progress: { state: 'stopped' } })),
    conversation,
  );
}

/** The answer will not come, or no more of it. */
export function fail(conversation: Conversation, id: number, error: unknown): Conversation {
  return change(conversation, id, (exchange) => ({
    ...exchange,
    progress: { state: 'failed', error },
  }));
}

/** An answer that has ended, or that was dropped, changes no more. */
function change(
  conversation: Conversation,
  id: number,
  to: (exchange: Exchange) => Exchange,
): Conversation {
  const exchanges = conversation.exchanges.map((exchange) =>
    exchange.id === id && isRunning(exchange) ? to(exchange) : exchange,
  );
  return { ...conversation, exchanges };
}
