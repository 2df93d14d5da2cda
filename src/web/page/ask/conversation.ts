import type {
  AnswerResult,
  FinishReason,
  LanguageCheck,
  TokenLogprob,
} from '../service/api-types.js';

/** Sampling settings. `null` uses the default of the service. */
export interface Sampling {
  readonly temperature: number | null;
  readonly seed: number | null;
}

/** A question with its settings. */
export interface Question {
  readonly text: string;
  /** Code of the answer language. */
  readonly language: string;
  readonly sampling: Sampling;
}

/** The state of an answer. */
export type Progress =
  | {
      readonly state: 'waiting';
      /** Uploaded fraction of the request, 0 to 1. */
      readonly uploaded: number;
    }
  | { readonly state: 'writing' }
  | {
      readonly state: 'finished';
      readonly reason: FinishReason;
      readonly check?: LanguageCheck | null | undefined;
    }
  | { readonly state: 'stopped' }
  | { readonly state: 'failed'; readonly error: unknown };

/** A question and its answer. */
export interface Exchange {
  readonly id: number;
  readonly question: Question;
  /** The answer, or its text so far. */
  readonly text: string;
  /** The tokens of the answer. Empty unless the request sets `top_logprobs`. */
  readonly tokens: readonly TokenLogprob[];
  /** Id of the model that answers. `null` until the service sends it. */
  readonly model: string | null;
  readonly progress: Progress;
}

export interface Conversation {
  readonly exchanges: readonly Exchange[];
  /** Ids are never reused, so that late events of a removed exchange have no effect. */
  readonly nextId: number;
}

export const EMPTY_CONVERSATION: Conversation = { exchanges: [], nextId: 1 };

/** Whether the answer is unfinished and not stopped. */
export function isRunning({ progress }: Exchange): boolean {
  return progress.state === 'waiting' || progress.state === 'writing';
}

/** Records the model that answers. */
export function setModel(conversation: Conversation, id: number, model: string): Conversation {
  return change(conversation, id, (exchange) => ({ ...exchange, model }));
}

const NEW = {
  text: '',
  tokens: [],
  model: null,
  progress: { state: 'waiting', uploaded: 0 },
} as const;

/** Appends a question. */
export function ask({ exchanges, nextId }: Conversation, question: Question): Conversation {
  const exchange: Exchange = { ...NEW, id: nextId, question };
  return { exchanges: [...exchanges, exchange], nextId: nextId + 1 };
}

/** Replaces a question and removes all later exchanges. */
export function edit(conversation: Conversation, id: number, question: Question): Conversation {
  const at = conversation.exchanges.findIndex((exchange) => exchange.id === id);
  const earlier = at < 0 ? conversation.exchanges : conversation.exchanges.slice(0, at);
  return ask({ ...conversation, exchanges: earlier }, question);
}

/** Asks the last question again with other sampling settings. */
export function regenerate(conversation: Conversation, sampling: Sampling): Conversation {
  const last = conversation.exchanges.at(-1);
  return last ? edit(conversation, last.id, { ...last.question, sampling }) : conversation;
}

/** Updates the uploaded fraction. */
export function upload(conversation: Conversation, id: number, uploaded: number): Conversation {
  return change(conversation, id, (exchange) =>
    exchange.progress.state === 'waiting'
      ? { ...exchange, progress: { state: 'waiting', uploaded } }
      : exchange,
  );
}

/** Appends a delta to the answer. */
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

/** Replaces the deltas with the finished answer. */
export function finish(
  conversation: Conversation,
  id: number,
  {
    text,
    tokens = [],
    finish_reason: reason,
    language_check: check,
  }: Omit<AnswerResult, 'id' | 'language' | 'usage' | 'timings'>,
): Conversation {
  return change(conversation, id, (exchange) => ({
    ...exchange,
    text,
    tokens,
    progress: { state: 'finished', reason, check },
  }));
}

/** Marks running answers as stopped. Their text stays. */
export function stop(conversation: Conversation): Conversation {
  return conversation.exchanges.reduce(
    (stopped, { id }) =>
      change(stopped, id, (exchange) => ({ ...exchange, progress: { state: 'stopped' } })),
    conversation,
  );
}

/** Marks an answer as failed. Its text stays. */
export function fail(conversation: Conversation, id: number, error: unknown): Conversation {
  return change(conversation, id, (exchange) => ({
    ...exchange,
    progress: { state: 'failed', error },
  }));
}

/** Updates a running exchange. Ended and removed ones do not change. */
function change(
  conversation: Conversation,
  id: number,
  update: (exchange: Exchange) => Exchange,
): Conversation {
  const exchanges = conversation.exchanges.map((exchange) =>
    exchange.id === id && isRunning(exchange) ? update(exchange) : exchange,
  );
  return { ...conversation, exchanges };
}
