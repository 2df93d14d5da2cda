import type { Configuration } from '../config/configuration.js';
import { collectOutcome, type RequestOutcome } from '../engine/collect-outcome.js';
import { createRemoteEngine } from '../engine/remote-engine.js';
import { resolveSettings } from '../engine/resolve-settings.js';
import type { EngineStatus, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { ChatMessage } from '../language/chat-template.js';
import type { Detail } from '../vision/plan-tiles.js';
import { exitCodeOf } from './exit-code.js';
import { readPicture } from './read-picture.js';
import type { Terminal } from './terminal.js';

/** One text to write about each picture. */
interface PictureTask {
  /** What tells it from the others in the output. */
  readonly labels: Readonly<Record<string, string>>;
  readonly messages: readonly ChatMessage[];
}

export interface PictureCommand {
  readonly files: readonly string[];
  readonly tasks: readonly PictureTask[];
  readonly detail: Detail;
  readonly output: 'text' | 'json';
  readonly configuration: Configuration;
  /** The module `inference-worker.js`. */
  readonly workerEntry: URL;
}

/**
 * Loads the model, answers for one file after another and prints as it goes. A file that fails does not
 * stop the others.
 *
 * @returns the exit code.
 * @throws when the model cannot be loaded, and the signal's reason.
 */
export async function askAboutPictures(
  command: PictureCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const engine = createRemoteEngine({
    entry: command.workerEntry,
    configuration: command.configuration,
    onStatus: (status) => showStatus(status, terminal),
  });
  try {
    await abortable(engine.describe(), signal);
    let exitCode = 0;
    for (const [index, file] of command.files.entries()) {
      terminal.progress(`${file} (${index + 1} of ${command.files.length})`);
      try {
        const outcome = await askAboutPicture(engine, file, command, signal);
        printOutcome(file, outcome, command, terminal);
      } catch (error) {
        signal.throwIfAborted();
        printFailure(file, error, command, terminal);
        exitCode ||= exitCodeOf(error);
      }
    }
    return exitCode;
  } finally {
    terminal.clearProgress();
    await engine.close();
  }
}

async function askAboutPicture(
  engine: VisionLanguageEngine,
  file: string,
  { tasks, detail }: PictureCommand,
  signal: AbortSignal,
): Promise<RequestOutcome> {
  const image = await readPicture(file);
  // After a crash the model comes back by itself; the next file waits for it.
  const model = await abortable(engine.describe(), signal);
  const request = {
    images: [image],
    detail,
    conversations: tasks.map(({ messages }) => messages),
    settings: resolveSettings({}, model.generation),
  };
  return await collectOutcome(engine, request, signal);
}

function printOutcome(
  file: string,
  { images, answers }: RequestOutcome,
  { files, tasks, output }: PictureCommand,
  terminal: Terminal,
): void {
  const results = answers.map(({ conversation, text, finishReason }) => ({
    ...tasks[conversation]?.labels,
    text,
    finish_reason: finishReason,
  }));
  if (output === 'json') {
    const [image] = images;
    const media = image && { sha256: image.sha256, width: image.width, height: image.height };
    terminal.result(JSON.stringify({ file, media, results }));
    return;
  }
  for (const { conversation, text } of answers) {
    // With several texts each is one line that a script can cut at its tabs.
    const isOnly = files.length === 1 && tasks.length === 1;
    const labels = Object.values(tasks[conversation]?.labels ?? {});
    terminal.result(isOnly ? text : [file, ...labels, text].map(toCell).join('\t'));
  }
}

function toCell(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function printFailure(
  file: string,
  error: unknown,
  { output }: PictureCommand,
  terminal: Terminal,
): void {
  terminal.failure(error, file);
  if (output !== 'json') return;
  const { code, publicMessage: message } =
    error instanceof SalamandraError ? error : new SalamandraError('INTERNAL', 'Internal error.');
  terminal.result(JSON.stringify({ file, error: { code, message } }));
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
