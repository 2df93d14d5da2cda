import { setMaxListeners } from 'node:events';

import { createMemoryAdmission } from './scheduling/memory-admission.js';
import { createEventStream } from './event-stream.js';
import { fullContextBytes } from './scheduling/memory-estimate.js';
import { runPipeline } from './pipeline.js';
import type { PipelineModel } from './loaded-model.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import { createScheduler } from './scheduling/scheduler.js';
import type { EngineEvent, EngineRequest, VisionLanguageEngine } from './vision-language-engine.js';

export interface RequestRunnerOptions {
  /** What the caches and embeddings of all requests may take; never less than one context needs. */
  readonly memoryBytes: number;
  readonly store: EngineCaches;
}

export interface RequestRunner {
  readonly generate: VisionLanguageEngine['generate'];
  /** Ends all work, and waits for the run that is on its way. */
  close(): Promise<void>;
}

/** Runs requests over one loaded model, side by side. */
export function createRequestRunner(
  parts: PipelineModel,
  { memoryBytes, store }: RequestRunnerOptions,
): RequestRunner {
  const { cacheBytesPerToken, maxPositions } = parts.decoder;
  const costs = { cacheBytesPerToken, hiddenSize: parts.manifest.decoder.hiddenSize };
  const budgetBytes = Math.max(memoryBytes, fullContextBytes(maxPositions, costs));
  const admission = createMemoryAdmission(budgetBytes, costs);
  const scheduler = createScheduler(parts.decoder);
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
    // Each of its conversations listens.
    setMaxListeners(0, abort.signal);
    const onAbort = () => abort.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const fail = (error: unknown) => {
      // What the others of its conversations would still say does not reach the reader.
      events.fail(error);
      abort.abort(error);
    };
    const context = {
      ...{ admission, scheduler, fail, onStart },
      emit: (event: EngineEvent) => events.push(event),
      store: store.forClient(client),
      turns: { ticket: { number: requests, client, priority }, signal: abort.signal },
    };
    const work = runPipeline(request, context, parts).then(() => events.end(), fail);
    running.set(work, abort);
    void work.finally(() => running.delete(work));
    try {
      yield* events;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      abort.abort(new Error('The reader left.'));
    }
  }

  return {
    generate,
    async close() {
      for (const abort of running.values()) abort.abort(new Error('The engine is closed.'));
      await Promise.all(running.keys());
    },
  };
}
