import { collectOutcome, type RequestOutcome } from '../engine/collect-outcome.js';
import { type EarlierTurn, questionConversation } from '../engine/conversations.js';
import { resolveSettings } from '../engine/resolve-settings.js';
import type { RequestMedia, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { Language } from '../language/languages.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import type { Detail } from '../vision/plan-tiles.js';
import { exitCodeOf } from './exit-codes.js';
import { presentMedia, readMedia } from './media-files.js';
import { type Delivery, printTextsAsTheyCome } from './print-texts.js';
import type { Terminal } from './terminal.js';
import { type EngineCommand, waitForModel, withEngine } from './with-engine.js';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { readFile, stat } from 'node:fs/promises';
import { MAX_CONVERSATION_BYTES, MAX_HISTORY_TURNS } from '../config/limits.js';
import { type ErrorDetails, SalamandraError } from '../errors/salamandra-error.js';
import { existsSync } from 'node:fs';

export interface AskCommand extends EngineCommand {
  /** Pictures and clips; none for text alone. */
  readonly files: readonly string[];
  /** One question after another; each sees what came before. */
  readonly questions: AsyncIterable<string> | Iterable<string>;
  readonly history: readonly EarlierTurn[];
  readonly language: Language;
  readonly detail: Detail;
  readonly sampling: FrameSampling;
  readonly output: 'text' | 'json';
  readonly delivery: Delivery;
}

/** Of one question, with its media ready. */
interface Turn {
  readonly question: string;
  readonly history: readonly EarlierTurn[];
  readonly media: readonly RequestMedia[];
}

/**
 * Answers questions about the same files, or about none, and prints as it goes. A question that fails does not stop the
 * next one, and is forgotten.
 *
 * @returns the exit code.
 * @throws when a file cannot be read or the model cannot be loaded; the signal's reason.
 */
export async function askQuestions(
  command: AskCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const media: RequestMedia[] = [];
  // Files first: a wrong name should not have to wait for the model.
  for (const file of command.files) media.push(await readMedia(file, command.sampling));
  return await withEngine(command, terminal, signal, async (engine) => {
    let exitCode = 0;
    let history = command.history;
    for await (const question of command.questions) {
      signal.throwIfAborted();
      try {
        const text = await answer(engine, { question, history, media }, command, terminal, signal);
        history = [...history, { role: 'user', text: question }, { role: 'assistant', text }];
      } catch (error) {
        signal.throwIfAborted();
        terminal.failure(error);
        exitCode ||= exitCodeOf(error);
      }
    }
    signal.throwIfAborted();
    return exitCode;
  });
}

/** Prints the answer to one question, and returns it. */
async function answer(
  engine: VisionLanguageEngine,
  { question, history, media }: Turn,
  { files, language, detail, output, delivery }: AskCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<string> {
  terminal.progress('Thinking');
  const model = await waitForModel(engine, signal);
  const shown = media.map(({ kind }) => kind);
  const request = {
    media,
    detail,
    conversations: [questionConversation(question, language, { shown, history })],
    settings: resolveSettings({}, model.generation),
  };
  if (output === 'text' && delivery === 'stream') {
    const events = engine.generate(request, signal);
    return textOf(await printTextsAsTheyCome(events, () => [], terminal));
  }
  const outcome = await collectOutcome(engine, request, signal);
  const [first] = outcome.answers;
  const text = textOf(outcome);
  if (output === 'text') {
    terminal.result(text);
    return text;
  }
  const results = [{ language: language.code, question, text, finish_reason: first?.finishReason }];
  terminal.result(JSON.stringify({ files, media: outcome.media.map(presentMedia), results }));
  return text;
}

function textOf({ answers: [answer] }: RequestOutcome): string {
  return answer?.text ?? '';
}

/** The lines of an input as questions, empty ones left out; ends with the input or the signal. */
export async function* readQuestions(
  input: Readable & { readonly isTTY?: boolean },
  terminal: Pick<Terminal, 'prompt'>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const lines = createInterface({ input });
  const close = () => {
    lines.close();
    // Without this the process would wait for a next line that nobody reads.
    input.destroy();
  };
  signal.addEventListener('abort', close);
  try {
    if (input.isTTY) terminal.prompt();
    for await (const line of lines) {
      if (line.trim() !== '') yield line.trim();
      if (input.isTTY) terminal.prompt();
    }
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

/**
 * Reads the turns before a question from a file with a JSON list of `{"role": "user" | "assistant", "text": ...}`, oldest
 * first, as the HTTP API takes them.
 *
 * @throws NOT_FOUND, PAYLOAD_TOO_LARGE, INVALID_JSON, INVALID_PARAMETER
 */
export async function readHistory(path: string): Promise<EarlierTurn[]> {
  const turns: unknown = parse(await read(path));
  if (!Array.isArray(turns) || !turns.every(isTurn)) {
    throw invalid('--history takes a file with a list of turns, each with "role" and "text".');
  }
  const isInTurn = turns.every(({ role }, index) => (role === 'user') === (index % 2 === 0));
  if (!isInTurn || turns.length % 2 !== 0) {
    throw invalid('The turns must take turns: "user" first, "assistant" last.');
  }
  if (turns.length > MAX_HISTORY_TURNS) {
    throw invalid('The history has too many turns.', { max_turns: MAX_HISTORY_TURNS });
  }
  return turns.map(({ role, text }) => ({ role, text }));
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_CONVERSATION_BYTES) return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SalamandraError('NOT_FOUND', 'The history cannot be read.', { cause });
  }
  throw new SalamandraError('PAYLOAD_TOO_LARGE', 'The history is too long.', {
    details: { max_bytes: MAX_CONVERSATION_BYTES },
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SalamandraError('INVALID_JSON', 'The history is not valid JSON.', { cause });
  }
}

function isTurn(value: unknown): value is EarlierTurn {
  if (typeof value !== 'object' || value === null) return false;
  const { role, text } = value as Partial<Record<string, unknown>>;
  return (role === 'user' || role === 'assistant') && typeof text === 'string' && text !== '';
}

function invalid(message: string, details?: ErrorDetails): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', message, { details });
}

/**
 * Parts the words of `ask` into files and the question, which comes last. A last word that is a file on disk is taken for a
 * forgotten question, since its name would be asked otherwise.
 *
 * @throws INVALID_PARAMETER
 */
export function splitQuestion(words: readonly string[]): { files: string[]; questions: string[] } {
  const question = words.at(-1)?.trim() ?? '';
  if (question === '' || existsSync(question)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'There is no question; it comes last, after the files.',
    );
  }
  return { files: words.slice(0, -1), questions: [question] };
}
