import type { Request, Response } from 'express';

import {
  type OutcomeEvent,
  type RequestOutcome,
  withOutcome,
} from '../../engine/collect-outcome.js';
import type { Answer, EngineEvent } from '../../engine/vision-language-engine.js';
import type { SalamandraError } from '../../errors/salamandra-error.js';
import type { MediaReport } from '../../media/media-report.js';
import { type SseMessage, type StreamForm, streamMessages } from './event-stream.js';
import { toTimingsResponse, toTokensResponse, toUsageResponse } from './outcome-response.js';
import { toProblem, toPublicError } from './problem.js';

const MIME_TYPES = {
  json: 'application/json',
  'event-stream': 'text/event-stream',
  vtt: 'text/vtt',
} as const;

type ResponseFormat = keyof typeof MIME_TYPES;

/**
 * The format of the response: `stream` of the body decides, then the `Accept` header. A client that accepts none of the
 * formats gets JSON.
 */
export function chooseFormat<F extends ResponseFormat>(
  request: Request,
  stream: boolean | undefined,
  formats: readonly ['json', 'event-stream', ...F[]],
): 'json' | 'event-stream' | F {
  if (stream) return 'event-stream';
  const offered = stream === false ? formats.filter((name) => name !== 'event-stream') : formats;
  const accepted = request.accepts(offered.map((name) => MIME_TYPES[name]));
  return offered.find((name) => MIME_TYPES[name] === accepted) ?? 'json';
}

/** An HTTP request, its response, and a signal that aborts when the client disconnects. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly signal: AbortSignal;
}

/** How an API sends the outcome of a request: as one JSON body, or event by event. */
export interface OutcomeFormat {
  readonly toResponse: (outcome: RequestOutcome) => object;
  readonly toMessages: (event: OutcomeEvent) => Iterable<SseMessage>;
  /** The last message of a stream that fails after its first byte. */
  readonly toErrorMessage: (error: SalamandraError, requestId: string) => SseMessage;
  /** Default: server-sent events. */
  readonly streamForm?: StreamForm;
}

/**
 * Sends the outcome of a request.
 *
 * @param events of the engine.
 * @throws every error of `events` before the first byte.
 */
export async function sendOutcome(
  exchange: Exchange,
  events: AsyncIterable<EngineEvent>,
  { toResponse, toMessages, toErrorMessage, streamForm }: OutcomeFormat,
  isStream: boolean,
): Promise<void> {
  if (isStream) {
    await sendMessages(exchange, mapOutcome(events, toMessages), toErrorMessage, streamForm);
    return;
  }
  for await (const event of withOutcome(events)) {
    if (event.type === 'done') exchange.response.json(toResponse(event.outcome));
  }
}

async function* mapOutcome(
  events: AsyncIterable<EngineEvent>,
  toMessages: OutcomeFormat['toMessages'],
): AsyncGenerator<SseMessage> {
  for await (const event of withOutcome(events)) yield* toMessages(event);
}

/** Sends a stream, by default of server-sent events. @throws every error of `messages` before the first byte. */
export async function sendMessages(
  { request, response }: Exchange,
  messages: AsyncIterable<SseMessage>,
  toErrorMessage: OutcomeFormat['toErrorMessage'] = toProblemMessage,
  form?: StreamForm,
): Promise<void> {
  const requestId = String(response.getHeader('X-Request-Id'));
  const toLast = (error: unknown) => toErrorMessage(toPublicError(error, request), requestId);
  await streamMessages(response, messages, toLast, undefined, form);
}

/** The event `error` of the native API. */
export function toProblemMessage(error: SalamandraError, requestId: string): SseMessage {
  return toMessage('error', toProblem(error, requestId));
}

/** An event with JSON data. */
export function toMessage(event: string, data: object): SseMessage {
  return { event, data: JSON.stringify(data) };
}

/** The fields in which captions and answers differ. */
interface TextEvents {
  readonly head: { readonly id: string; readonly model: string };
  /** Name of the event with a complete text. */
  readonly resultEvent: 'caption' | 'answer';
  /** The fields that identify the text of a conversation. */
  readonly toLabel: (conversation: number) => object;
  /** A complete text, with its label. */
  readonly toResult: (answer: Answer) => object;
  readonly toMedia: (media: readonly MediaReport[]) => object;
}

/** The server-sent events of captions and answers. */
export function toTextMessages(
  event: OutcomeEvent,
  { head, resultEvent, toLabel, toResult, toMedia }: TextEvents,
): SseMessage[] {
  switch (event.type) {
    case 'media':
      return [toMessage('media', { ...head, media: toMedia(event.media) })];
    case 'text-delta': {
      const { conversation, text, tokens } = event;
      const delta = { ...toLabel(conversation), text, ...toTokensResponse(tokens) };
      return [toMessage('text-delta', delta)];
    }
    case 'answer':
      return [toMessage(resultEvent, toResult(event))];
    case 'done': {
      const { answers, timings } = event.outcome;
      return [
        toMessage('usage', toUsageResponse(answers.map(({ usage }: Answer) => usage))),
        toMessage('done', { timings: toTimingsResponse(timings) }),
      ];
    }
  }
}
