#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';

import type { Granularity } from './video-captions/plan-segments.js';
import { askQuestions, readQuestions, readHistory, splitQuestion } from './cli/ask.js';
import { captionFiles } from './cli/caption.js';
import { type ClipOptions, parseNumber, parseSampling } from './cli/media-options.js';
import { addCompleteCommand } from './cli/complete.js';
import { addConvertCommand } from './cli/convert.js';
import { addDoctorCommand } from './cli/doctor.js';
import { EXIT_CODE_HELP, exitCodeOf, INTERRUPTED, USAGE_ERROR } from './cli/exit-codes.js';
import { addPullCommand } from './cli/pull.js';
import { addModelsCommand } from './cli/models.js';
import { createTerminal } from './cli/terminal.js';
import { addVerifyCommand } from './cli/verify.js';
import { loadConfiguration, parseInteger } from './config/configuration.js';
import { MAX_SEGMENTS, MAX_VIDEO_SECONDS } from './config/limits.js';
import { resolveLanguages } from './engine/conversations.js';
import { SalamandraError } from './errors/salamandra-error.js';
import { CAPTION_KINDS, type CaptionKind, resolveLanguage } from './language/languages.js';
import type { Detail } from './vision/plan-tiles.js';

const workerEntry = new URL('./workers/inference.worker.js', import.meta.url);
const examinationWorkerEntry = new URL('./workers/verify.worker.js', import.meta.url);
const mediaWorkerEntry = new URL('./workers/media.worker.js', import.meta.url);
const terminal = createTerminal(process.stdout, process.stderr);
const abort = new AbortController();

const model = new Option(
  '--model <model>',
  'demo, an id, alias or repository, or the folder of a package',
);
const json = new Option('--json', 'print JSON, one object a line');
const stream = new Option('--stream', 'print text as it is written, as on a terminal');
const detail = new Option('--detail <detail>', 'how closely to look at a picture')
  .choices(['low', 'auto', 'high'])
  .default('auto');

interface MediaOptions extends ClipOptions {
  readonly model?: string;
  readonly json?: true;
  readonly stream?: true;
  readonly detail: Detail;
}

interface CaptionOptions extends MediaOptions {
  readonly languages: string;
  readonly kind: string;
  readonly by: Granularity['kind'];
  readonly interval: string;
  readonly format: 'text' | 'json' | 'vtt';
}

interface AskOptions extends MediaOptions {
  readonly language: string;
  readonly history?: string;
  readonly chat?: true;
}

const program = new Command('salamandra')
  .description('Describes pictures and clips and answers questions in 35 European languages.')
  .addHelpText('after', EXIT_CODE_HELP)
  .showSuggestionAfterError()
  .exitOverride();

withMediaOptions(program.command('caption'))
  .description('write about pictures and clips')
  .argument(
    '<file...>',
    'pictures (JPEG, PNG, WebP, GIF, TIFF, AVIF) and clips (what ffmpeg reads)',
  )
  .option('--languages <codes>', 'languages to write in, with commas', 'en')
  .option('--kind <kinds>', `what to write, with commas: ${CAPTION_KINDS.join(', ')}`, 'caption')
  .addOption(
    new Option('--by <part>', 'what of a clip gets a text of its own')
      .choices(['whole', 'shot', 'interval'])
      .default('whole'),
  )
  .option('--interval <seconds>', 'with --by interval', '10')
  .addOption(
    new Option('--format <format>', 'vtt: a track of descriptions')
      .choices(['text', 'json', 'vtt'])
      .default('text'),
  )
  .action(async (files: string[], options: CaptionOptions) => {
    const output = options.json ? 'json' : options.format;
    process.exitCode = await captionFiles(
      {
        ...common(options, output),
        files,
        output,
        kinds: splitCommas(options.kind).map(parseKind),
        languages: resolveLanguages(splitCommas(options.languages)),
        granularity: parseGranularity(options),
      },
      terminal,
      abort.signal,
    );
  });

withMediaOptions(program.command('ask'))
  .description('answer questions about pictures and clips, or about none')
  .usage('[options] [file...] <question>')
  .argument('[words...]', 'files, and last the question; with --chat files alone')
  .option('--language <code>', 'language of the answer', 'en')
  .option('--history <file>', 'earlier turns: a JSON list of {"role", "text"}')
  .option('--chat', 'read questions from standard input, a line each, each after the last')
  .action(async (words: string[], options: AskOptions) => {
    const output = options.json ? 'json' : 'text';
    const { files, questions } = options.chat
      ? { files: words, questions: readQuestions(process.stdin, terminal, abort.signal) }
      : splitQuestion(words);
    process.exitCode = await askQuestions(
      {
        ...common(options, output),
        ...{ files, questions, output },
        language: resolveLanguage(options.language),
        history: options.history === undefined ? [] : await readHistory(options.history),
      },
      terminal,
      abort.signal,
    );
  });

addConvertCommand(program, terminal, abort.signal);
addPullCommand(program, terminal, abort.signal);

addModelsCommand(program, terminal, abort.signal);

program
  .command('serve')
  .description('serve the HTTP API')
  .option('--port <port>')
  .option('--host <host>')
  .addOption(model)
  .action(async (options: { port?: string; host?: string; model?: string }) => {
    const configuration = configure(options);
    // The HTTP framework takes longer to load than all the rest; only this command needs it.
    const { startServer } = await import('./api/start-server.js');
    process.off('SIGINT', interrupt);
    await startServer(configuration, workerEntry);
  });

addCompleteCommand(program, workerEntry, terminal, abort.signal);
addDoctorCommand(program, terminal, abort.signal, examinationWorkerEntry);
addVerifyCommand(program, terminal, abort.signal, examinationWorkerEntry);

function configure(options: { port?: string; host?: string; model?: string }) {
  const configuration = loadConfiguration(process.env);
  const { port, host = configuration.host, model = configuration.model } = options;
  return {
    ...configuration,
    ...{ host, model },
    ...(port !== undefined && { port: parseInteger('--port', port, 0, 65_535) }),
  };
}

function withMediaOptions(command: Command): Command {
  return command
    .addOption(detail)
    .option('--frames <count>', 'frames of a clip to look at (default: 8)')
    .option('--fps <rate>', 'frames a second, instead of --frames')
    .option('--start <time>', 'where in a clip to begin: seconds or HH:MM:SS')
    .option('--end <time>', 'where in a clip to end')
    .addOption(
      new Option('--sampling <how>', 'frames evenly, or from the middle of each shot')
        .choices(['uniform', 'scene'])
        .default('uniform'),
    )
    .addOption(model)
    .addOption(json)
    .addOption(stream);
}

function common(options: MediaOptions, output: string) {
  if (options.stream && output !== 'text') {
    throw new SalamandraError('INVALID_PARAMETER', '--stream is for text.');
  }
  const isStreamed = options.stream ?? terminal.isWatched;
  return {
    detail: options.detail,
    sampling: parseSampling(options),
    delivery: isStreamed ? ('stream' as const) : ('whole' as const),
    configuration: configure(options),
    ...{ workerEntry, mediaWorkerEntry },
  };
}

function parseGranularity({ by, interval }: CaptionOptions): Granularity {
  switch (by) {
    case 'whole':
      return { kind: by };
    case 'shot':
      return { kind: by, maxShots: MAX_SEGMENTS };
    case 'interval':
      return { kind: by, seconds: parseNumber('--interval', interval, 0.1, MAX_VIDEO_SECONDS) };
  }
}

function splitCommas(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function parseKind(text: string): CaptionKind {
  const kind = CAPTION_KINDS.find((name) => name === text);
  if (kind) return kind;
  throw new SalamandraError('INVALID_PARAMETER', `--kind takes ${CAPTION_KINDS.join(', ')}.`);
}

/** The first Ctrl-C lets everything end in order, the second does not. */
function interrupt(): void {
  if (abort.signal.aborted) process.exit(INTERRUPTED);
  abort.abort();
}

/** A reader such as `head` that has enough is no failure; the workers end with this process. */
function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
}

function report(error: unknown): number {
  if (abort.signal.aborted) return INTERRUPTED;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
  terminal.failure(error);
  return exitCodeOf(error);
}

process.on('SIGINT', interrupt);
process.stdout.on('error', endOnBrokenPipe);
process.stderr.on('error', endOnBrokenPipe);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
