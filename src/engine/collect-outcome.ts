import { SalamandraError } from '../errors/salamandra-error.js';
import type {
  Answer,
  EngineEvent,
  EngineRequest,
  RequestTimings,
  VisionLanguageEngine,
} from './vision-language-engine.js';
import type { MediaReport } from '../media/media-report.js';

/** Everything a request yields, for callers that do not stream. */
export interface RequestOutcome {
  readonly media: readonly MediaReport[];
  /** One per conversation, in the order of the request. */
  readonly answers: readonly Answer[];
  readonly timings: RequestTimings;
}

/** An event of a request, with the outcome of the whole request in its last event. */
export type OutcomeEvent =
  | Exclude<EngineEvent, { readonly type: 'done' }>
  | { readonly type: 'done'; readonly outcome: RequestOutcome };

/**
 * Passes a request's events on and adds the outcome to the last one.
 *
 * @throws INTERNAL if the events end before `done`; every error that `events` throws.
 */
export async function* withOutcome(
  events: AsyncIterable<EngineEvent>,
): AsyncGenerator<OutcomeEvent, undefined> {
  let media: readonly MediaReport[] = [];
  const answers: Answer[] = [];
  for await (const event of events) {
    if (event.type === 'done') {
      yield { type: 'done', outcome: { media, answers, timings: event.timings } };
      return;
    }
    if (event.type === 'media') media = event.media;
    if (event.type === 'answer') answers[event.conversation] = event;
    yield event;
  }
  throw endedEarly();
}

/** Runs a request to its end. @throws every error of `generate`. */
export async function collectOutcome(
  engine: Pick<VisionLanguageEngine, 'generate'>,
  request: EngineRequest,
  signal?: AbortSignal,
): Promise<RequestOutcome> {
  for await (const event of withOutcome(engine.generate(request, signal))) {
    if (event.type === 'done') return event.outcome;
  }
  throw endedEarly();
}

/** The error of an engine whose events end before `done`. */
export function endedEarly(): SalamandraError {
  return new SalamandraError('INTERNAL', 'The engine ended the request without a result.');
}
