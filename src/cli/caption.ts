import { type Granularity, planSegments } from '../video-captions/plan-segments.js';
import { collectOutcome, type RequestOutcome } from '../engine/collect-outcome.js';
import { captionConversation } from '../engine/conversations.js';
import { resolveSettings } from '../engine/resolve-settings.js';
import type {
  EngineRequest,
  RequestMedia,
  VisionLanguageEngine,
  GenerationSettings,
} from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { CaptionKind, Language } from '../language/languages.js';
import type { FrameSampling, TimeRange } from '../media/frame-sampling.js';
import type { Detail } from '../vision/plan-tiles.js';
import { exitCodeOf } from './exit-codes.js';
import { presentMedia, readMedia } from './media-files.js';
import { type Delivery, printTextsAsTheyCome, toLine } from './print-texts.js';
import type { Terminal } from './terminal.js';
import { type EngineCommand, waitForModel, withEngine } from './with-engine.js';
import { type DescribedSegment, captionVideo } from '../video-captions/caption-video.js';
import { formatWebVtt } from '../video-captions/webvtt.js';
import { createVideoInspector } from '../workers/media-inspector.js';

export interface CaptionCommand extends EngineCommand {
  readonly files: readonly string[];
  readonly languages: readonly Language[];
  readonly kinds: readonly CaptionKind[];
  readonly detail: Detail;
  readonly sampling: FrameSampling;
  readonly granularity: Granularity;
  readonly output: 'text' | 'json' | 'vtt';
  /** Of texts; JSON and tracks are printed whole. */
  readonly delivery: Delivery;
  /** The module `media.worker.js`. */
  readonly mediaWorkerEntry: URL;
}

/** One text to write about each file. */
interface CaptionTask {
  readonly language: Language;
  readonly kind: CaptionKind;
}

/**
 * Writes about one file after another and prints as it goes. A file that fails does not stop the others.
 *
 * @returns the exit code.
 * @throws INVALID_PARAMETER for a wish that no file could fulfil; when the model cannot be loaded; the signal's reason.
 */
export async function captionFiles(
  command: CaptionCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  checkSegmentOptions(command);
  return await withEngine(command, terminal, signal, async (engine) => {
    let exitCode = 0;
    for (const [index, file] of command.files.entries()) {
      terminal.progress(`${file} (${index + 1} of ${command.files.length})`);
      try {
        await captionFile(engine, file, command, terminal, signal);
      } catch (error) {
        signal.throwIfAborted();
        printFailure(file, error, command, terminal);
        exitCode ||= exitCodeOf(error);
      }
    }
    return exitCode;
  });
}

/** Whether clips are described segment by segment: where they are cut, and always for a track. */
function isBySegment({ granularity, output }: CaptionCommand): boolean {
  return granularity.kind !== 'whole' || output === 'vtt';
}

function checkSegmentOptions(command: CaptionCommand): void {
  const { files, languages, kinds, output } = command;
  if (isBySegment(command) && kinds.join() !== 'caption') {
    throw invalid('Segments have captions only; leave --kind away.');
  }
  if (output === 'vtt' && (files.length > 1 || languages.length > 1)) {
    throw invalid('A WebVTT track has one clip and one language.');
  }
}

async function captionFile(
  engine: VisionLanguageEngine,
  file: string,
  command: CaptionCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const media = await readMedia(file, command.sampling);
  const model = await waitForModel(engine, signal);
  const settings = resolveSettings({}, model.generation);
  if (isBySegment(command)) {
    if (media.kind === 'image') throw invalid('--by and tracks are for clips; this is a picture.');
    const video = { ...command, file, path: media.path, model: model.id, settings };
    await captionVideoFile(engine, video, terminal, signal);
    return;
  }
  const tasks = command.languages.flatMap((language) =>
    command.kinds.map((kind) => ({ language, kind })),
  );
  const priority = command.files.length > 1 ? 'batch' : 'interactive';
  const request = { ...createRequest(media, tasks, command.detail), priority, settings } as const;
  // With several texts each is one line that a script can cut at its tabs.
  const isOnly = command.files.length === 1 && tasks.length === 1;
  const cells = (conversation: number): string[] => {
    const { language, kind } = tasks[conversation] ?? {};
    return isOnly ? [] : [file, language?.code ?? '', kind ?? ''];
  };
  if (command.output === 'text' && command.delivery === 'stream') {
    await printTextsAsTheyCome(engine.generate(request, signal), cells, terminal);
    return;
  }
  const outcome = await collectOutcome(engine, request, signal);
  if (command.output === 'json') {
    terminal.result(JSON.stringify(presentOutcome(file, tasks, outcome)));
    return;
  }
  for (const { conversation, text } of outcome.answers) {
    terminal.result(toLine(cells(conversation), text));
  }
}

function createRequest(
  media: RequestMedia,
  tasks: readonly CaptionTask[],
  detail: Detail,
): Omit<EngineRequest, 'settings'> {
  const conversations = tasks.map(({ kind, language }) =>
    captionConversation(kind, language, media.kind),
  );
  return { media: [media], detail, conversations };
}

function presentOutcome(
  file: string,
  tasks: readonly CaptionTask[],
  { media: [report], answers }: RequestOutcome,
): object {
  const results = answers.map(({ conversation, text, finishReason }) => {
    const { language, kind } = tasks[conversation] ?? {};
    return { language: language?.code, kind, text, finish_reason: finishReason };
  });
  return { file, media: report && presentMedia(report), results };
}

function printFailure(
  file: string,
  error: unknown,
  { output }: CaptionCommand,
  terminal: Terminal,
): void {
  terminal.failure(error, file);
  if (output !== 'json') return;
  const { code, publicMessage: message } =
    error instanceof SalamandraError ? error : new SalamandraError('INTERNAL', 'Internal error.');
  terminal.result(JSON.stringify({ file, error: { code, message } }));
}

function invalid(message: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', message);
}

interface CaptionVideoCommand {
  /** As it was named. */
  readonly file: string;
  readonly path: string;
  readonly files: readonly string[];
  readonly languages: readonly Language[];
  readonly sampling: FrameSampling;
  readonly granularity: Granularity;
  readonly output: 'text' | 'json' | 'vtt';
  /** The id of the model, for the track. */
  readonly model: string;
  readonly settings: GenerationSettings;
  /** The module `media.worker.js`. */
  readonly mediaWorkerEntry: URL;
}

/**
 * Cuts a clip into segments and prints what happens in each as soon as it is known: lines of text or of JSON; a track is
 * printed whole, at the end.
 *
 * @throws what `planSegments` and `describeProgramme` throw.
 */
export async function captionVideoFile(
  engine: VisionLanguageEngine,
  command: CaptionVideoCommand,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { path, languages, sampling, settings } = command;
  const segments = await planVideoSegments(command, signal);
  const described: DescribedSegment[] = [];
  const task = { path, sampling, segments, languages, settings };
  for await (const event of captionVideo(engine, task, signal)) {
    if (event.type !== 'segment') continue;
    described.push(event.segment);
    terminal.progress(`${command.file} (segment ${described.length} of ${segments.length})`);
    if (command.output !== 'vtt') printSegment(event.segment, command, terminal);
  }
  if (command.output === 'vtt') printTrack(described, command, terminal);
}

async function planVideoSegments(
  { path, sampling, granularity, mediaWorkerEntry }: CaptionVideoCommand,
  signal: AbortSignal,
): Promise<readonly TimeRange[]> {
  const inspector = createVideoInspector({ entry: mediaWorkerEntry });
  try {
    const outline = await inspector.inspect(path, signal);
    const part = { path, outline, range: sampling.range };
    return await planSegments(part, granularity, inspector, signal);
  } finally {
    await inspector.close();
  }
}

function printSegment(
  { startSeconds: start, endSeconds: end, texts, frames }: DescribedSegment,
  { file, files, languages, output }: CaptionVideoCommand,
  terminal: Terminal,
): void {
  if (output === 'json') {
    const byLanguage = Object.fromEntries(texts.map(({ language, text }) => [language.code, text]));
    terminal.result(JSON.stringify({ file, start, end, texts: byLanguage, frames }));
    return;
  }
  for (const { language, text } of texts) {
    const cells = [
      ...(files.length > 1 ? [file] : []),
      ...[start, end].map((seconds) => seconds.toFixed(3)),
      ...(languages.length > 1 ? [language.code] : []),
    ];
    terminal.result(toLine(cells, text));
  }
}

function printTrack(
  segments: readonly DescribedSegment[],
  { languages: [language], model }: CaptionVideoCommand,
  terminal: Terminal,
): void {
  if (!language) return;
  const cues = segments.map(({ startSeconds, endSeconds, texts }) => ({
    startSeconds,
    endSeconds,
    text: texts[0]?.text ?? '',
  }));
  // A result ends with its own line break.
  terminal.result(formatWebVtt({ language, model, cues }).trimEnd());
}
