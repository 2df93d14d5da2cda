import { SalamandraError } from '../errors/salamandra-error.js';
import { followParent, sendToParent } from './fork-worker.js';
import { isOutOfMemory, toLoadFailure } from './load-failure.js';
import type { LoadProgress, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { MessageFromWorker, MessageToWorker, WorkerConfiguration } from './messages.js';

export type LoadEngine = (
  configuration: WorkerConfiguration,
  onProgress: (progress: LoadProgress) => void,
) => Promise<VisionLanguageEngine>;

/**
 * Worker side of `createWorkerEngine`: loads one engine, then serves concurrent requests.
 *
 * @param flush finishes pending writes before the process ends with its parent.
 */
export function serveEngine(
  loadEngine: LoadEngine,
  flush: () => Promise<void> = () => Promise.resolve(),
): void {
  let engine: VisionLanguageEngine | undefined;
  const running = new Map<number, AbortController>();

  async function load(configuration: WorkerConfiguration): Promise<void> {
    try {
      engine = await loadEngine(configuration, (progress) => send({ type: 'progress', progress }));
      send({ type: 'ready', model: await engine.describe() });
    } catch (error) {
      logFailure('load', error);
      // A lack of memory may have passed when the supervisor has restarted this process.
      if (isOutOfMemory(error)) process.exit(1);
      send({ type: 'unusable', error: toLoadFailure(error).toJSON() });
    }
  }

  async function generate(message: MessageToWorker & { type: 'generate' }): Promise<void> {
    const { id, request } = message;
    const abort = new AbortController();
    running.set(id, abort);
    const onStart = () => send({ type: 'started', id });
    try {
      if (!engine)
        throw new SalamandraError(
          'MODEL_NOT_READY',
          'The model is still loading. Try again when /health/ready answers 200.',
        );
      for await (const event of engine.generate(request, abort.signal, onStart)) {
        send({ type: 'event', id, event });
      }
      send({ type: 'end', id });
    } catch (error) {
      if (abort.signal.aborted) send({ type: 'end', id });
      else send({ type: 'error', id, error: toPublicError(error).toJSON() });
    } finally {
      running.delete(id);
    }
  }

  followParent(() => void flush().finally(() => process.exit(0)));
  process.on('message', (message: MessageToWorker) => {
    if (message.type === 'load') void load(message.configuration);
    else if (message.type === 'generate') void generate(message);
    else running.get(message.id)?.abort();
  });
}

function send(message: MessageFromWorker): void {
  sendToParent(message);
}

function toPublicError(error: unknown): SalamandraError {
  logFailure('generate', error);
  return error instanceof SalamandraError
    ? error
    : new SalamandraError('INTERNAL', 'Internal error.', { cause: error });
}

/**
 * Logs errors with a cause. Causes are not sent to the parent, because they may contain paths and library messages that
 * clients must not see.
 */
function logFailure(during: string, error: unknown): void {
  const isPublic = error instanceof SalamandraError && error.cause === undefined;
  if (!isPublic) console.error(`inference.worker: ${during} failed:`, error);
}
