import type { GenerationSettings, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { languageCheckJson } from '../language/check/language-check-json.js';
import type { Language } from '../language/languages.js';
import {
  type FrameSampling,
  roundToMilliseconds,
  type TimeRange,
} from '../media/frame-sampling.js';
import {
  captionVideo,
  type CaptionedSegment,
  type MissingSegment,
  toMissingCue,
  type VideoCaptionsTask,
} from '../video-captions/caption-video.js';
import { type Granularity, planSegments } from '../video-captions/plan-segments.js';
import { toTimecodeClock } from '../video-captions/timecode.js';
import { formatWebVtt } from '../video-captions/webvtt.js';
import { createMediaInspector } from '../workers/media-inspector.js';
import type { CommandContext } from './command-context.js';
import { noteLanguage } from './note-language.js';
import { toLine } from './print-texts.js';
import { errorJson, type Terminal } from './terminal.js';

export interface SegmentsCommand {
  readonly languages: readonly Language[];
  readonly sampling: FrameSampling;
  readonly granularity: Granularity;
  readonly output: 'text' | 'json' | 'vtt';
  /** As given on the command line. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** Id of the model, for the note in the track. */
  readonly model: string;
  readonly settings: GenerationSettings;
  readonly provenance: () => object;
}

/**
 * Captions the segments of a video. Prints each segment at once as lines of text or JSON, and a track at the end.
 *
 * @throws the errors of `planSegments` and `captionVideo`.
 */
export async function captionSegments(
  engine: VisionLanguageEngine,
  command: SegmentsCommand,
  context: CommandContext,
): Promise<void> {
  const { path, file, languages, sampling, settings, output } = command;
  const { terminal, signal } = context;
  const { segments, timecode } = await planVideoSegments(command, context);
  const described: CaptionedSegment[] = [];
  const missing: MissingSegment[] = [];
  const receipts = output === 'json';
  const task = { path, sampling, segments, timecode, languages, settings, receipts };
  for await (const event of captionVideo(engine, task, signal)) {
    if (event.type === 'missing') {
      const { range, error } = event.missing;
      missing.push(event.missing);
      terminal.note(`${file}: no caption ${describeRange(range)}: ${error.publicMessage}`);
      if (output === 'json') terminal.result(missingLine(event.missing, command));
    }
    if (event.type !== 'segment') continue;
    described.push(event.segment);
    terminal.progress(`${file} (segment ${described.length} of ${segments.length})`);
    if (output !== 'vtt') {
      for (const line of segmentLines(event.segment, command)) terminal.result(line);
    }
    if (output !== 'json') noteSegment(event.segment, file, terminal);
  }
  if (output === 'vtt') terminal.result(formatTrack(described, missing, command));
}

async function planVideoSegments(
  { path, sampling, granularity }: SegmentsCommand,
  { workers, signal }: CommandContext,
): Promise<Pick<VideoCaptionsTask, 'segments' | 'timecode'>> {
  const inspector = createMediaInspector({ entry: workers.media });
  try {
    const metadata = await inspector.inspect(path, { signal });
    const video = { path, metadata, range: sampling.range };
    const segments = await planSegments(video, granularity, inspector, { signal });
    return { segments, timecode: toTimecodeClock(metadata) };
  } finally {
    await inspector.close();
  }
}

function noteSegment(
  { startSeconds, endSeconds, texts }: CaptionedSegment,
  file: string,
  terminal: Terminal,
): void {
  const subject = `${file} ${describeRange({ startSeconds, endSeconds })}`;
  for (const { language, text } of texts) noteLanguage(text, language, terminal, subject);
}

function segmentLines(
  { startSeconds: start, endSeconds: end, texts, frames, timecodes }: CaptionedSegment,
  { file, output, provenance }: SegmentsCommand,
): string[] {
  if (output === 'json') {
    const byLanguage = Object.fromEntries(texts.map(({ language, text }) => [language.code, text]));
    const times = { start: roundToMilliseconds(start), end: roundToMilliseconds(end) };
    const shown = { texts: byLanguage, frames: frames.map(roundToMilliseconds), timecodes };
    const language_checks = Object.fromEntries(
      texts.map(({ language, text }) => [language.code, languageCheckJson(text, language.code)]),
    );
    const receipts = Object.fromEntries(
      texts.map(({ language, receipt }) => [language.code, receipt]),
    );
    const checks = { language_checks, receipts };
    return [JSON.stringify({ file, ...times, ...shown, ...checks, ...provenance() })];
  }
  const times = [start, end].map((seconds) => seconds.toFixed(3));
  return texts.map(({ language, text }) => toLine([file, ...times, language.code], text));
}

function missingLine(
  { range: { startSeconds, endSeconds }, error }: MissingSegment,
  { file, provenance }: SegmentsCommand,
): string {
  const end = endSeconds === null ? null : roundToMilliseconds(endSeconds);
  const times = { start: roundToMilliseconds(startSeconds), end };
  return JSON.stringify({ file, ...times, error: errorJson(error), ...provenance() });
}

/** @throws INVALID_PARAMETER without a language, which `checkOptions` rules out. */
function formatTrack(
  segments: readonly CaptionedSegment[],
  missing: readonly MissingSegment[],
  { languages: [language], model }: SegmentsCommand,
): string {
  if (!language) throw new SalamandraError('INVALID_PARAMETER', '--format vtt needs one language.');
  const cues = segments.map(({ texts, ...segment }) => ({
    ...segment,
    text: texts[0]?.text ?? '',
  }));
  // The terminal adds the last line break.
  return formatWebVtt({ language, model, cues, missing: missing.map(toMissingCue) }).trimEnd();
}

function describeRange({ startSeconds, endSeconds }: TimeRange): string {
  const to = endSeconds === null ? 'the end' : `${endSeconds.toFixed(3)} s`;
  return `from ${startSeconds.toFixed(3)} s to ${to}`;
}
