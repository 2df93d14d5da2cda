#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';

import { askAboutPictures } from './command-line/ask-about-pictures.js';
import { EXIT_CODE_HELP, exitCodeOf, INTERRUPTED, USAGE_ERROR } from './command-line/exit-code.js';
import { createTerminal } from './command-line/terminal.js';
import { loadConfiguration, parseInteger, parsePrecision } from './config/configuration.js';
import { convertCheckpoint } from './conversion/convert-checkpoint.js';
import {
  captionConversation,
  questionConversation,
  resolveLanguages,
} from './engine/conversations.js';
import { SalamandraError } from './errors/salamandra-error.js';
import { CAPTION_KINDS, type CaptionKind, resolveLanguage } from './language/languages.js';
import type { Detail } from './vision/plan-tiles.js';

const workerEntry = new URL('./inference-worker.js', import.meta.url);
const terminal = createTerminal(process.stdout, process.stderr);
const abort = new AbortController();

const model = new Option('--model <model>', 'demo, the id of a model, or the folder of a package');
const json = new Option('--json', 'print one JSON object a picture');
const detail = new Option('--detail <detail>', 'how closely to look')
  .choices(['low', 'auto', 'high'])
  .default('auto');

interface PictureOptions {
  readonly model?: string;
  readonly json?: true;
  readonly detail: Detail;
}

const program = new Command('salamandra')
  .description('Describes pictures and answers questions about them in 35 European languages.')
  .addHelpText('after', EXIT_CODE_HELP)
  .showSuggestionAfterError()
  .exitOverride();

program
  .command('caption')
  .description('write about pictures')
  .argument('<file...>', 'pictures: JPEG, PNG, WebP, GIF, TIFF or AVIF')
  .option('--languages <codes>', 'languages to write in, with commas', 'en')
  .option('--kind <kinds>', `what to write, with commas: ${CAPTION_KINDS.join(', ')}`, 'caption')
  .addOption(detail)
  .addOption(model)
  .addOption(json)
  .action(
    async (files: string[], options: PictureOptions & { languages: string; kind: string }) => {
      const kinds = splitCommas(options.kind).map(parseKind);
      const languages = resolveLanguages(splitCommas(options.languages));
      const tasks = languages.flatMap((language) =>
        kinds.map((kind) => ({
          labels: { language: language.code, kind },
          messages: captionConversation(kind, language),
        })),
      );
      process.exitCode = await askAboutPictures(
        { files, tasks, ...common(options) },
        terminal,
        abort.signal,
      );
    },
  );

program
  .command('ask')
  .description('answer a question about a picture')
  .argument('<file>', 'a picture')
  .argument('<question>')
  .option('--language <code>', 'language of the answer', 'en')
  .addOption(detail)
  .addOption(model)
  .addOption(json)
  .action(
    async (file: string, question: string, options: PictureOptions & { language: string }) => {
      const language = resolveLanguage(options.language);
      const labels = { language: language.code, question };
      const tasks = [{ labels, messages: questionConversation(question, language) }];
      process.exitCode = await askAboutPictures(
        { files: [file], tasks, ...common(options) },
        terminal,
        abort.signal,
      );
    },
  );

program
  .command('convert')
  .description('make a model package of a Hugging Face checkpoint')
  .argument('<checkpoint>', 'folder of the checkpoint')
  .requiredOption('--out <folder>', 'the package; an older one there is replaced')
  .option('--precision <precision>', 'fp32 or int8', 'int8')
  .action(async (checkpointDirectory: string, options: { out: string; precision: string }) => {
    const manifest = await convertCheckpoint({
      checkpointDirectory,
      outputDirectory: options.out,
      precision: parsePrecision(options.precision),
      onProgress: ({ stage, done, total }) => {
        abort.signal.throwIfAborted();
        terminal.progress(`${stage} ${Math.floor((10 * done) / total) * 10} %`);
      },
    });
    terminal.result(`${manifest.id} ${manifest.precision} ${manifest.source.revision}`);
  });

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

function configure(options: { port?: string; host?: string; model?: string }) {
  const configuration = loadConfiguration(process.env);
  const { port, host = configuration.host, model = configuration.model } = options;
  return {
    ...configuration,
    ...{ host, model },
    ...(port !== undefined && { port: parseInteger('--port', port, 0, 65_535) }),
  };
}

function common(options: PictureOptions) {
  const output = options.json ? ('json' as const) : ('text' as const);
  return { detail: options.detail, output, configuration: configure(options), workerEntry };
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
