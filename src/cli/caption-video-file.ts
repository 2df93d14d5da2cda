import { type CaptionedSegment, captionVideo } from '../video-captions/caption-video.js';
import { type Granularity, planSegments } from '../video-captions/plan-segments.js';
import { formatWebVtt } from '../video-captions/webvtt.js';
import { createMediaInspector } from '../workers/media-inspector.js';
import type { GenerationSettings, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { Language } from '../language/languages.js';
import type { FrameSampling, TimeRange } from '../media/frame-sampling.js';
import { toLine } from './print-texts.js';
import type { Terminal } from './terminal.js';

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
  const described: CaptionedSegment[] = [];
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
  const inspector = createMediaInspector({ entry: mediaWorkerEntry });
  try {
    const outline = await inspector.inspect(path, signal);
    const part = { path, metadata: outline, range: sampling.range };
    return await planSegments(part, granularity, inspector, signal);
  } finally {
    await inspector.close();
  }
}

function printSegment(
  { startSeconds: start, endSeconds: end, texts, frames }: CaptionedSegment,
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
  segments: readonly CaptionedSegment[],
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
