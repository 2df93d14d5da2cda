import { existsSync } from 'node:fs';

import { type Command, Option } from 'commander';

import { collectOutcome } from '../engine/collect-outcome.js';
import { captionConversation } from '../engine/conversations.js';
import { provenanceJson } from '../engine/provenance.js';
import { resolveCaptionSettings } from '../engine/resolve-settings.js';
import { selectPages } from '../engine/select-pages.js';
import type {
  Answer,
  RequestMedia,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { languageCheckJson } from '../language/check/language-check-json.js';
import type { CaptionKind, Language } from '../language/languages.js';
import type { AnimationUse, FrameSampling } from '../media/frame-sampling.js';
import { countPages, type PageRange } from '../media/page-range.js';
import type { MediaKind } from '../media/signatures.js';
import type { Granularity } from '../video-captions/plan-segments.js';
import type { Detail } from '../vision/plan-tiles.js';
import { captionSegments } from './caption-segments.js';
import { type CommandContext, exampleHelp } from './command-context.js';
import { captionSource, isSource } from './caption-source.js';
import { exitCodeOf } from './exit-codes.js';
import { addSourceOptions, readSource, type SourceOptions } from './job-source.js';
import { checkMediaFile, mediaJson, openMedia } from '../engine/media-files.js';
import { addMediaOptions, type MediaOptions, readMediaOptions } from './media-options.js';
import { noteLanguage } from './note-language.js';
import { type Delivery, printTextsAsTheyCome, toLine } from './print-texts.js';
import {
  addRecipeOptions,
  parseGranularity,
  parseKinds,
  readRecipe,
  type RecipeOptions,
} from './recipe-options.js';
import {
  chooseLanguages,
  isLanguageCode,
  type LanguageChoice,
  parseLanguages,
} from './suggestions.js';
import { errorJson } from './terminal.js';
import { type EngineCommand, waitForModel, withEngine } from './with-engine.js';

interface CaptionOptions extends MediaOptions, RecipeOptions, SourceOptions {
  readonly format: 'text' | 'json' | 'vtt';
}

const OUTPUT_HELP = `
Output:
  A line for each text, with columns separated by tabs: file, language, kind, text.
  With --by shot or --by interval: file, start and end in seconds, language, text.
  Only on a terminal, a single text of a single file is printed without the other columns.
  Progress and failures go to standard error; --json prints failures on standard output as well.
Folders:
  A run that was stopped goes on when the same command is run again; see also \`jobs\`.`;

/** Adds `caption`. */
export function addCaptionCommand(program: Command, context: CommandContext): void {
  addSourceOptions(addRecipeOptions(addMediaOptions(program.command('caption'))))
    .description('write captions of images and videos')
    .argument(
      '<file...>',
      'images (JPEG, PNG, WebP, GIF, TIFF, AVIF, PDF, ...) and videos (MP4, MOV, MKV, WebM, AVI, MPEG, ...); or one folder, table (CSV, TSV, JSONL) or ZIP archive of them',
    )
    .addOption(
      new Option('--format <format>', 'output format; vtt: a WebVTT track of one video')
        .choices(['text', 'json', 'vtt'])
        .default('text'),
    )
    .addHelpText('after', OUTPUT_HELP)
    .addHelpText(
      'after',
      exampleHelp(
        'caption my.jpg --languages ca,es,en',
        'caption ./photos --languages ca,es,en --kind caption,alt --json > captions.jsonl',
        'caption film.mp4 --by shot --format vtt > film.vtt',
      ),
    )
    .action(async (files: string[], options: CaptionOptions) => {
      const output = options.json ? 'json' : options.format;
      const [argument = '', ...others] = files;
      if (others.length === 0 && (await isSource(argument))) {
        const command = {
          ...{ argument, output },
          ...readMediaOptions(options, output, context),
          source: await readSource(argument, options),
          recipe: readRecipe(options),
        };
        process.exitCode = await captionSource(command, context);
        return;
      }
      const command = {
        ...readMediaOptions(options, output, context),
        ...{ files, output },
        kinds: parseKinds(options.kind),
        languages: parseLanguages(options.languages),
        granularity: parseGranularity(options),
      };
      process.exitCode = await captionFiles(command, context);
    });
}

interface CaptionCommand extends EngineCommand {
  readonly files: readonly string[];
  readonly languages: LanguageChoice;
  readonly kinds: readonly CaptionKind[];
  readonly detail: Detail;
  readonly pages: PageRange | undefined;
  readonly sampling: FrameSampling;
  readonly animations: AnimationUse;
  readonly granularity: Granularity;
  readonly output: 'text' | 'json' | 'vtt';
  /** For the output format `text`. */
  readonly delivery: Delivery;
}

/** One text to generate for each file. */
interface CaptionTask {
  readonly language: Language;
  readonly kind: CaptionKind;
}

/**
 * Captions one file after another and prints each result at once. A file that fails does not stop the others. All files
 * are checked before the model is loaded, which is skipped if none is usable.
 *
 * @returns the exit code: that of the first failure, or 0.
 * @throws INVALID_PARAMETER for options that contradict each other; the errors of loading the model; the signal's
 * reason.
 */
async function captionFiles(command: CaptionCommand, context: CommandContext): Promise<number> {
  const { terminal, signal } = context;
  checkOptions(command);
  let exitCode = 0;
  const onFailure = (file: string, error: unknown) => {
    terminal.failure(error, file);
    if (command.output === 'json') {
      terminal.result(JSON.stringify({ file, error: errorJson(error) }));
    }
    exitCode ||= exitCodeOf(error);
  };

  const usableFiles: string[] = [];
  for (const file of command.files) {
    signal.throwIfAborted();
    try {
      checkGranularity(command, await checkMediaFile(file, chooseUse(command)));
      usableFiles.push(file);
    } catch (error) {
      onFailure(file, error);
    }
  }
  if (usableFiles.length === 0) return exitCode;

  await withEngine(command, context, async (engine, model) => {
    const languages = chooseLanguages(command.languages, model.languages);
    for (const [index, file] of usableFiles.entries()) {
      terminal.progress(`${file} (${index + 1} of ${usableFiles.length})`);
      try {
        await captionFile(engine, file, { ...command, languages }, context);
      } catch (error) {
        signal.throwIfAborted();
        onFailure(file, error);
      }
    }
  });
  return exitCode;
}

/** @throws INVALID_PARAMETER */
function checkOptions(command: CaptionCommand): void {
  const { files, languages, kinds, output } = command;
  // `--languages ca es` instead of `ca,es`.
  const code = files.find((file) => isLanguageCode(file) && !existsSync(file));
  if (code !== undefined) {
    const given = languages === 'all' ? [] : languages.map((one) => one.code);
    throw invalid(
      `"${code}" is a language code, and there is no such file. Separate languages by commas without spaces: --languages ${[...given, code].join(',')}`,
    );
  }
  if (isBySegment(command) && kinds.join() !== 'caption') {
    throw invalid('--by shot, --by interval and --format vtt support --kind caption only.');
  }
  const isOneLanguage = languages !== 'all' && languages.length === 1;
  if (output === 'vtt' && (files.length > 1 || !isOneLanguage)) {
    throw invalid('--format vtt takes one video and one language.');
  }
}

/** @throws INVALID_PARAMETER for an image that is to be split into segments. */
function checkGranularity(command: CaptionCommand, kind: MediaKind): void {
  if (kind === 'image' && isBySegment(command)) {
    throw invalid(
      'This is an image of one frame. --by shot, --by interval and --format vtt are for videos and animations.',
    );
  }
}

/** Whether each segment of a video gets its own caption. A track has at least one segment. */
function isBySegment({ granularity, output }: CaptionCommand): boolean {
  return granularity.kind !== 'whole' || output === 'vtt';
}

/** Segments are those of a clip. */
function chooseUse(command: CaptionCommand): AnimationUse {
  return isBySegment(command) ? 'clip' : command.animations;
}

/** A command whose languages are those of the loaded model. */
interface ModelCommand extends CaptionCommand {
  readonly languages: readonly Language[];
}

async function captionFile(
  engine: VisionLanguageEngine,
  file: string,
  command: ModelCommand,
  context: CommandContext,
): Promise<void> {
  const media = await openMedia(file, command.sampling, chooseUse(command));
  for (const page of selectPages(media, command.pages)) {
    await captionMedia(engine, file, page, command, context);
  }
}

/** Captions an image, a page or a video. */
async function captionMedia(
  engine: VisionLanguageEngine,
  file: string,
  media: RequestMedia,
  command: ModelCommand,
  context: CommandContext,
): Promise<void> {
  const { terminal, signal } = context;
  const { detail, sampling, output, pages } = command;
  const model = await waitForModel(engine, signal);
  const settings = resolveCaptionSettings({}, model.generation);
  const mediaSettings = media.kind === 'image' ? { detail } : { sampling: sampling.mode };
  const provenance = () => provenanceJson(model, settings, mediaSettings);
  if (media.kind === 'video' && isBySegment(command)) {
    const video = { ...command, file, path: media.path, model: model.id, settings, provenance };
    await captionSegments(engine, video, context);
    return;
  }
  const tasks = command.languages.flatMap((language) =>
    command.kinds.map((kind) => ({ language, kind })),
  );
  const request = {
    media: [media],
    detail,
    conversations: tasks.map(({ kind, language }) =>
      captionConversation(kind, language, media.kind),
    ),
    priority: command.files.length > 1 ? 'batch' : 'interactive',
    settings,
    receipts: output === 'json',
  } as const;
  // Scripts get the same columns for one text as for several; see OUTPUT_HELP.
  const isOneFile = command.files.length === 1 && (!pages || countPages(pages) === 1);
  const isBareText = terminal.isTTY && isOneFile && tasks.length === 1;
  // The fragment identifier of pages (RFC 8118).
  const page = media.kind === 'image' ? media.page : undefined;
  const name = page === undefined ? file : `${file}#page=${page}`;
  const columns = (conversation: number): string[] => {
    const { language, kind } = tasks[conversation] ?? {};
    return isBareText ? [] : [name, language?.code ?? '', kind ?? ''];
  };
  if (output === 'text' && command.delivery === 'stream') {
    const events = engine.generate(request, signal);
    const { answers } = await printTextsAsTheyCome(events, columns, terminal);
    noteLanguages(answers);
    return;
  }
  const { media: reports, answers } = await collectOutcome(engine, request, signal);
  if (output === 'json') {
    const results = answers.map(({ conversation, text, finishReason, receipt }) => {
      const { language, kind }: Partial<CaptionTask> = tasks[conversation] ?? {};
      const language_check = languageCheckJson(text, language?.code ?? '');
      return {
        ...{ language: language?.code, kind, text, finish_reason: finishReason },
        ...{ language_check, receipt },
      };
    });
    const line = { file, media: reports.map(mediaJson)[0], results, ...provenance() };
    terminal.result(JSON.stringify(line));
    return;
  }
  for (const { conversation, text } of answers) {
    terminal.result(toLine(columns(conversation), text));
  }
  noteLanguages(answers);

  function noteLanguages(texts: readonly Pick<Answer, 'conversation' | 'text'>[]): void {
    for (const { conversation, text } of texts) {
      const language = tasks[conversation]?.language;
      if (language) noteLanguage(text, language, terminal, name);
    }
  }
}

function invalid(message: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', message);
}
