import type { Configuration } from '../config/configuration.js';
import { createWorkerEngine } from '../workers/worker-engine.js';
import type { EngineStatus, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { Terminal } from './terminal.js';

/** What every command that runs the model needs. */
export interface EngineCommand {
  readonly configuration: Configuration;
  /** The module `inference.worker.js`. */
  readonly workerEntry: URL;
}

/**
 * Loads the model, lets it work, and ends it, whatever comes of the work.
 *
 * @throws when the model cannot be loaded, what the work throws, and the signal's reason.
 */
export async function withEngine<T>(
  { configuration, workerEntry }: EngineCommand,
  terminal: Terminal,
  signal: AbortSignal,
  work: (engine: VisionLanguageEngine) => Promise<T>,
): Promise<T> {
  const engine = createWorkerEngine({
    entry: workerEntry,
    configuration,
    onStatus: (status) => showStatus(status, terminal),
  });
  try {
    await waitForModel(engine, signal);
    return await work(engine);
  } finally {
    terminal.clearProgress();
    await engine.close();
  }
}

/** After a crash the model comes back by itself; the next piece of work waits for it. */
export async function waitForModel(
  engine: VisionLanguageEngine,
  signal: AbortSignal,
): ReturnType<VisionLanguageEngine['describe']> {
  return await abortable(engine.describe(), signal);
}

function showStatus(status: EngineStatus, terminal: Terminal): void {
  if (status.state !== 'loading') return;
  const { step, fraction } = status.progress;
  // Every tenth is enough where each text is a line of its own.
  const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 10) * 10} %`;
  terminal.progress(`Model: ${step}${percent}`);
}

/** Waits for the promise or the signal, whichever comes first. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
