import { type Cue, formatWebVtt, type MissingCue } from '../../../video-captions/webvtt.js';
import type { Language, MissingSegment } from '../service/api-types.js';
import type { CaptionPart, CaptionRun } from './caption-run.js';

/** The captions of a video in one language as a WebVTT file. `null` for images and for runs without text. */
export function toTrack(run: CaptionRun, language: Language): string | null {
  if (run.request.of === 'image') return null;
  const cues = run.parts.flatMap((part) => toCue(run, part, language.code));
  if (cues.length === 0) return null;
  const missing = run.parts.flatMap(({ error }) => (error ? [toMissingCue(error)] : []));
  return formatWebVtt({ language, model: run.model ?? '', cues, missing });
}

function toMissingCue({ start, end, code }: MissingSegment): MissingCue {
  return { startSeconds: start, endSeconds: end, code };
}

/** Players look for `fox.ca.vtt` next to `fox.mp4`. */
export function trackName({ file }: CaptionRun, { code }: Language): string {
  return `${file.replace(/\.[^.]*$/, '')}.${code}.vtt`;
}

/** Unfinished segments have no end time and are left out. */
function toCue(run: CaptionRun, { range, texts }: CaptionPart, code: string): Cue[] {
  const text = texts[code]?.text ?? '';
  const { start, end } = range ?? { start: 0, end: durationOf(run) };
  return text === '' || end === null
    ? []
    : [{ startSeconds: start, endSeconds: end, text, timecodes: null }];
}

/** Seconds. Falls back to the timestamp of the last sampled frame if the file does not declare a duration. */
function durationOf({ media }: CaptionRun): number | null {
  if (media?.kind !== 'video') return null;
  return media.duration_seconds ?? ('frames' in media ? media.frames.at(-1) : undefined) ?? null;
}
