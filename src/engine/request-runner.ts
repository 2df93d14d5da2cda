import { setMaxListeners } from 'node:events';

import { GUARANTEED_CONTEXT_TOKENS } from '../config/limits.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import { createEventStream } from './event-stream.js';
import type { PipelineModel } from './loaded-model.js';
import { type RequestContext, runPipeline } from './pipeline.js';
import { createMemoryAdmission } from './scheduling/memory-admission.js';
import { fullContextBytes } from './scheduling/memory-estimate.js';
import { createPlanningTurns } from './scheduling/planning-turns.js';
import { createScheduler } from './scheduling/scheduler.js';
import type { EngineEvent, EngineRequest, VisionLanguageEngine } from './vision-language-engine.js';

export interface RequestRunnerOptions {
  /**
   * Memory for the KV caches and features of all requests. Raised to the need of one full context, or of one with
   * GUARANTEED_CONTEXT_TOKENS.
   */
  readonly memoryBytes: number;
  readonly caches: EngineCaches;
}

export interface RequestRunner {
  readonly generate: VisionLanguageEngine['generate'];
  /** Aborts all requests and waits for the graph run in progress. */
  close(): Promise<void>;
}

/** Runs concurrent requests over one loaded model. */
export function createRequestRunner(
  model: PipelineModel,
  { memoryBytes, caches }: RequestRunnerOptions,
): RequestRunner {
  const { cacheBytesPerToken, maxPositions } = model.decoder;
  const costs = { cacheBytesPerToken, hiddenSize: model.manifest.decoder.hiddenSize };
  const guaranteed = Math.min(maxPositions, GUARANTEED_CONTEXT_TOKENS);
  const budgetBytes = Math.max(memoryBytes, fullContextBytes(guaranteed, costs));
  const admission = createMemoryAdmission(budgetBytes, costs);
  const planning = createPlanningTurns();
  const scheduler = createScheduler(model.decoder);
  const running = new Map<Promise<void>, AbortController>();
  let requests = 0;

  async function* generate(
    request: EngineRequest,
    signal?: AbortSignal,
    onStart: () => void = () => undefined,
  ): AsyncGenerator<EngineEvent, undefined> {
    signal?.throwIfAborted();
    requests += 1;
    const { client = '', priority = 'interactive' } = request;
    const events = createEventStream<EngineEvent>();
    const abort = new AbortController();
    // Every conversation of the request adds a listener.
    setMaxListeners(0, abort.signal);
    const onAbort = () => abort.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const fail = (error: unknown) => {
      // Closes the stream first, so that no event follows the error.
      events.fail(error);
      abort.abort(error);
    };
    const context: RequestContext = {
      ...{ planning, admission, scheduler, fail, onStart },
      emit: (event) => events.push(event),
      caches: caches.forClient(client),
      handle: { ticket: { number: requests, client, priority }, signal: abort.signal },
    };
    const work = runPipeline(request, context, model).then(() => events.end(), fail);
    running.set(work, abort);
    void work.finally(() => running.delete(work));
    try {
      yield* events;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      abort.abort(new Error('The consumer stopped reading the events.'));
    }
  }

  return {
    generate,
    async close() {
      for (const abort of running.values()) abort.abort(new Error('The engine was closed.'));
      await Promise.all(running.keys());
    },
  };
}
