import type { Configuration } from '../config/configuration.js';
import type {
  EngineStatus,
  ModelDescription,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import { BUNDLED_MODEL } from '../models/install/install-model.js';
import { openEngine } from '../workers/open-engine.js';
import type { CommandContext } from './command-context.js';
import type { Terminal } from './terminal.js';

/** Input of every command that runs the model. */
export interface EngineCommand {
  readonly configuration: Configuration;
}

/** The demo model names things in photographs with the same confidence, so the CLI says what it is. */
export const DEMO_NOTE =
  'demo model: it knows a cartoon world of 132 objects only; photographs give random answers. ' +
  'For photographs: npx salamandra pull 7b-vision, then --model 7b-vision.';

/**
 * Loads the model, calls `work`, and closes the engine in any case.
 *
 * @throws the errors of loading the model and of `work`; the signal's reason.
 */
export async function withEngine<T>(
  { configuration }: EngineCommand,
  { workers, terminal, signal }: Pick<CommandContext, 'workers' | 'terminal' | 'signal'>,
  work: (engine: VisionLanguageEngine, model: ModelDescription) => Promise<T>,
): Promise<T> {
  const engine = openEngine({
    ...{ configuration, entry: workers.inference },
    onStatus: (status) => showStatus(status, terminal),
  });
  try {
    const model = await waitForModel(engine, signal);
    if (model.id === BUNDLED_MODEL) terminal.note(DEMO_NOTE);
    return await work(engine, model);
  } finally {
    terminal.clearProgress();
    await engine.close();
  }
}

/** Waits until the model is loaded. After a crash of its process it is loaded again. */
export async function waitForModel(
  engine: VisionLanguageEngine,
  signal: AbortSignal,
): ReturnType<VisionLanguageEngine['describe']> {
  return await abortable(engine.describe(), signal);
}

function showStatus(status: EngineStatus, terminal: Terminal): void {
  if (status.state !== 'loading') return;
  const { step, fraction } = status.progress;
  // Steps of 10 %: in a log file every text is a line.
  const percent = fraction === undefined ? '' : ` ${Math.floor(fraction * 10) * 10} %`;
  terminal.progress(`Model: ${step}${percent}`);
}

/** The promise's result, or a rejection with the signal's reason if that comes first. */
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
