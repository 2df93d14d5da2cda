import { SalamandraError } from '../errors/salamandra-error.js';
import type {
  Answer,
  EngineRequest,
  RequestTimings,
  VisionLanguageEngine,
} from './vision-language-engine.js';
import type { MediaReport } from '../media/media-report.js';

/** The events of a finished request, for callers that do not stream. */
export interface RequestOutcome {
  readonly media: readonly MediaReport[];
  /** One per conversation, in their order. */
  readonly answers: readonly Answer[];
  readonly timings: RequestTimings;
}

/** Runs a request to its end. @throws like `generate`. */
export async function collectOutcome(
  engine: Pick<VisionLanguageEngine, 'generate'>,
  request: EngineRequest,
  signal?: AbortSignal,
): Promise<RequestOutcome> {
  let media: readonly MediaReport[] = [];
  const answers: Answer[] = [];
  for await (const event of engine.generate(request, signal)) {
    if (event.type === 'media') media = event.media;
    else if (event.type === 'answer') answers[event.conversation] = event;
    else if (event.type === 'done') return { media, answers, timings: event.timings };
  }
  throw new SalamandraError('INTERNAL', 'The engine ended the request without a result.');
}
