import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import type { Command } from 'commander';

import { MAX_CONVERSATION_BYTES, MAX_HISTORY_TURNS } from '../config/limits.js';
import { collectOutcome, type RequestOutcome } from '../engine/collect-outcome.js';
import { provenanceJson } from '../engine/provenance.js';
import { type EarlierTurn, questionConversation } from '../engine/conversations.js';
import { resolveSettings } from '../engine/resolve-settings.js';
import { selectPages } from '../engine/select-pages.js';
import type { RequestMedia, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { type ErrorDetails, SalamandraError } from '../errors/salamandra-error.js';
import { languageCheckJson } from '../language/check/language-check-json.js';
import { type Language, resolveLanguage } from '../language/languages.js';
import type { AnimationUse, FrameSampling } from '../media/frame-sampling.js';
import type { PageRange } from '../media/page-range.js';
import type { Detail } from '../vision/plan-tiles.js';
import { type CommandContext, exampleHelp } from './command-context.js';
import { exitCodeOf } from './exit-codes.js';
import { mediaJson, openMedia } from '../engine/media-files.js';
import { addMediaOptions, type MediaOptions, readMediaOptions } from './media-options.js';
import { noteLanguage } from './note-language.js';
import { type Delivery, printTextsAsTheyCome } from './print-texts.js';
import { parseLanguage } from './suggestions.js';
import { errorJson, type Terminal } from './terminal.js';
import { type EngineCommand, waitForModel, withEngine } from './with-engine.js';

interface AskOptions extends MediaOptions {
  readonly language: string;
  readonly history?: string;
  readonly chat?: true;
}

/** Adds `ask`. */
export function addAskCommand(program: Command, context: CommandContext): void {
  addMediaOptions(program.command('ask'))
    .description('answer questions about images and videos, or without any')
    .usage('[options] [file...] <question>')
    .argument('[words...]', 'files, then the question as the last argument; with --chat only files')
    .option('--language <code>', 'language of the answer', 'en')
    .option('--history <file>', 'earlier turns: a JSON list of {"role", "text"}, oldest first')
    .option(
      '--chat',
      'read questions from standard input, one per line; each includes the earlier turns',
    )
    .addHelpText(
      'after',
      exampleHelp('ask my.jpg "What is on the left?"', 'ask --chat my.jpg --language ca'),
    )
    .action(async (words: string[], options: AskOptions) => {
      const output = options.json ? ('json' as const) : ('text' as const);
      const { files, questions } = options.chat
        ? {
            files: words,
            questions: readQuestions(process.stdin, context.terminal, context.signal),
          }
        : splitQuestion(words);
      const command = {
        ...readMediaOptions(options, output, context),
        ...{ files, questions, output },
        language: parseLanguage(options.language),
        history: options.history === undefined ? [] : await readHistory(options.history),
      } as const;
      process.exitCode = await askQuestions(command, context);
    });
}

interface AskCommand extends EngineCommand {
  /** Images and videos; empty for a text-only conversation. */
  readonly files: readonly string[];
  /** Turns of one conversation, in order. */
  readonly questions: AsyncIterable<string> | Iterable<string>;
  readonly history: readonly EarlierTurn[];
  readonly language: Language;
  readonly detail: Detail;
  readonly pages: PageRange | undefined;
  readonly sampling: FrameSampling;
  readonly animations: AnimationUse;
  readonly output: 'text' | 'json';
  readonly delivery: Delivery;
}

interface Turn {
  readonly question: string;
  readonly history: readonly EarlierTurn[];
  readonly media: readonly RequestMedia[];
}

/**
 * Answers the questions of one conversation and prints each answer at once. A question that fails is left out of the
 * conversation, and the next one is asked. A file that fails ends the command before the model is loaded.
 *
 * @returns the exit code: that of the first failure, or 0.
 * @throws the errors of loading the model; INVALID_PARAMETER for a language that it does not have; the signal's reason.
 */
async function askQuestions(command: AskCommand, context: CommandContext): Promise<number> {
  const { terminal, signal } = context;
  const { files, output } = command;
  const onFailure = (subject: { file: string } | { question: string }, error: unknown) => {
    terminal.failure(error, 'file' in subject ? subject.file : undefined);
    if (output === 'json') {
      terminal.result(JSON.stringify({ ...subject, error: errorJson(error) }));
    }
    return exitCodeOf(error);
  };

  const media: RequestMedia[] = [];
  for (const file of files) {
    try {
      media.push(
        ...selectPages(await openMedia(file, command.sampling, command.animations), command.pages),
      );
    } catch (error) {
      return onFailure({ file }, error);
    }
  }
  return await withEngine(command, context, async (engine, model) => {
    resolveLanguage(command.language.code, model.languages);
    let exitCode = 0;
    let history = command.history;
    for await (const question of command.questions) {
      signal.throwIfAborted();
      try {
        const text = await answer(engine, { question, history, media }, command, context);
        history = [...history, { role: 'user', text: question }, { role: 'assistant', text }];
      } catch (error) {
        signal.throwIfAborted();
        exitCode ||= onFailure({ question }, error);
      }
    }
    signal.throwIfAborted();
    return exitCode;
  });
}

/** Prints the answer to one question. @returns its text. */
async function answer(
  engine: VisionLanguageEngine,
  { question, history, media }: Turn,
  { files, language, detail, output, delivery }: AskCommand,
  { terminal, signal }: CommandContext,
): Promise<string> {
  terminal.progress('Generating the answer');
  const model = await waitForModel(engine, signal);
  const shown = media.map(({ kind }) => kind);
  const settings = resolveSettings({}, model.generation);
  const request = {
    media,
    detail,
    conversations: [questionConversation(question, language, { shown, history })],
    settings,
    receipts: output === 'json',
  };
  if (output === 'text' && delivery === 'stream') {
    const events = engine.generate(request, signal);
    const answered = textOf(await printTextsAsTheyCome(events, () => [], terminal));
    noteLanguage(answered, language, terminal);
    return answered;
  }
  const outcome = await collectOutcome(engine, request, signal);
  const text = textOf(outcome);
  if (output === 'text') {
    terminal.result(text);
    noteLanguage(text, language, terminal);
    return text;
  }
  const { finishReason: finish_reason, receipt } = outcome.answers[0] ?? {};
  const line = {
    files,
    media: outcome.media.map(mediaJson),
    results: [
      {
        ...{ language: language.code, question, text, finish_reason },
        ...{ language_check: languageCheckJson(text, language.code), receipt },
      },
    ],
    ...provenanceJson(model, settings, { detail }),
  };
  terminal.result(JSON.stringify(line));
  return text;
}

function textOf({ answers: [first] }: RequestOutcome): string {
  return first?.text ?? '';
}

/** File name endings that a question does not have. */
const MEDIA_FILE_NAME =
  /^\S+\.(?:jpe?g|png|webp|gif|tiff?|avif|heic|pdf|mp4|mov|mkv|webm|avi|mpe?g)$/i;

/**
 * Splits the arguments of `ask` into files and the question, which is the last argument.
 *
 * @throws INVALID_PARAMETER if the last argument is empty or a file: the question is missing or not the last argument.
 */
export function splitQuestion(words: readonly string[]): { files: string[]; questions: string[] } {
  const question = words.at(-1)?.trim() ?? '';
  if (question !== '' && !existsSync(question) && !MEDIA_FILE_NAME.test(question)) {
    return { files: words.slice(0, -1), questions: [question] };
  }
  const misplaced = words.find((word) => word.trim() !== '' && !existsSync(word));
  const message =
    misplaced === undefined || misplaced === question
      ? 'The question is missing. It is the last argument, in quotation marks'
      : `"${misplaced}" is not a file. If it is the question, give it after the files`;
  const files = words.filter((word) => word !== misplaced && word.trim() !== '');
  const example = [...(files.length > 0 ? files : ['my.jpg']), `"${misplaced ?? 'What is this?'}"`];
  throw invalid(`${message}: npx salamandra ask ${example.join(' ')}`);
}

/** Yields the lines of an input that are not blank, until the input ends or the signal aborts. */
export async function* readQuestions(
  input: Readable & { readonly isTTY?: boolean },
  terminal: Pick<Terminal, 'prompt'>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const lines = createInterface({ input });
  const close = () => {
    lines.close();
    // An open standard input would keep the process alive.
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
 * Reads the earlier turns of a conversation from a file: a JSON list of `{"role": "user" | "assistant", "text": ...}`,
 * oldest first, as in the HTTP API.
 *
 * @throws NOT_FOUND, PAYLOAD_TOO_LARGE, INVALID_JSON, INVALID_PARAMETER
 */
export async function readHistory(path: string): Promise<EarlierTurn[]> {
  const turns = parseHistory(path, await readHistoryFile(path));
  if (!Array.isArray(turns) || !turns.every(isTurn)) {
    throw invalid(
      `${path}: --history needs a JSON list of turns: [{"role": "user", "text": "..."}, {"role": "assistant", "text": "..."}].`,
    );
  }
  const isAlternating = turns.every(({ role }, index) => (role === 'user') === (index % 2 === 0));
  if (!isAlternating || turns.length % 2 !== 0) {
    throw invalid(`${path}: the roles must alternate, with "user" first and "assistant" last.`);
  }
  if (turns.length > MAX_HISTORY_TURNS) {
    throw invalid(`${path}: the history has too many turns. Remove the oldest ones.`, {
      turns: turns.length,
      max_turns: MAX_HISTORY_TURNS,
    });
  }
  return turns.map(({ role, text }) => ({ role, text }));
}

async function readHistoryFile(path: string): Promise<string> {
  let bytes: number;
  try {
    bytes = (await stat(path)).size;
    if (bytes <= MAX_CONVERSATION_BYTES) return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SalamandraError('NOT_FOUND', `${path}: the history file cannot be read.`, { cause });
  }
  throw new SalamandraError('PAYLOAD_TOO_LARGE', `${path}: the history file is too large.`, {
    details: { bytes, max_bytes: MAX_CONVERSATION_BYTES },
  });
}

function parseHistory(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SalamandraError('INVALID_JSON', `${path}: the history is not valid JSON.`, { cause });
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
