import type { Request, Response } from 'express';
import { collectOutcome, type RequestOutcome } from '../../engine/collect-outcome.js';
import type {
  Answer,
  EngineEvent,
  EngineRequest,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import { toProblem } from './problem.js';
import { toPublicError } from './public-error.js';
import { type SseMessage, streamMessages } from './event-stream.js';
import {
  type OutcomeForm,
  presentLabelled,
  presentTimings,
  presentUsage,
} from './outcome-response.js';
import { presentTokens } from './token-logprobs-response.js';

/** A request that came in and the response to it. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

export interface EngineWork {
  readonly engine: VisionLanguageEngine;
  readonly request: EngineRequest;
  readonly signal: AbortSignal;
}

/** Does the work and sends its outcome, as a stream of events or whole. @throws what the work throws before that. */
export async function sendOutcome<Label extends object, Media>(
  exchange: Exchange,
  { engine, request, signal }: EngineWork,
  form: OutcomeForm<Label, Media>,
  reply: { readonly isStream: boolean; readonly present: (outcome: RequestOutcome) => object },
): Promise<void> {
  if (!reply.isStream) {
    exchange.response.json(reply.present(await collectOutcome(engine, request, signal)));
    return;
  }
  await streamEvents(exchange, toOutcomeMessages(engine.generate(request, signal), form));
}

/** Streams events under the native names; what fails after the first byte becomes the event `error`. */
export async function streamEvents(
  { request, response }: Exchange,
  messages: AsyncIterable<SseMessage>,
): Promise<void> {
  const requestId = String(response.getHeader('X-Request-Id'));
  await streamMessages(response, messages, (error) =>
    eventMessage('error', toProblem(toPublicError(error, request), requestId)),
  );
}

/** An event with an object as its data. */
export function eventMessage(event: string, data: object): SseMessage {
  return { event, data: JSON.stringify(data) };
}

async function* toOutcomeMessages<Label extends object, Media>(
  events: AsyncIterable<EngineEvent>,
  form: OutcomeForm<Label, Media>,
): AsyncGenerator<SseMessage> {
  const { id, model, resultEvent, label, presentMedia } = form;
  const usages: Answer['usage'][] = [];
  for await (const event of events) {
    switch (event.type) {
      case 'media':
        yield eventMessage('media', { id, model, media: presentMedia(event.media) });
        break;
      case 'text-delta':
        yield eventMessage('text-delta', {
          ...label(event.conversation),
          text: event.text,
          ...presentTokens(event.tokens),
        });
        break;
      case 'answer':
        usages.push(event.usage);
        yield eventMessage(resultEvent, presentLabelled(form, event));
        break;
      case 'done':
        yield eventMessage('usage', presentUsage(usages));
        yield eventMessage('done', { timings: presentTimings(event.timings) });
        break;
    }
  }
}

const TYPES = {
  json: 'application/json',
  'event-stream': 'text/event-stream',
  vtt: 'text/vtt',
} as const;

type ReplyFormat = keyof typeof TYPES;

/**
 * The form of reply that a client wants: by `stream` in its body, else by its `Accept` header. Whoever accepts none of
 * them gets JSON, as every error does.
 */
export function chooseFormat<F extends ReplyFormat>(
  request: Request,
  stream: boolean | undefined,
  formats: readonly ['json', 'event-stream', ...F[]],
): 'json' | 'event-stream' | F {
  if (stream) return 'event-stream';
  const offered = stream === false ? formats.filter((name) => name !== 'event-stream') : formats;
  const accepted = request.accepts(offered.map((name) => TYPES[name]));
  return offered.find((name) => TYPES[name] === accepted) ?? 'json';
}
