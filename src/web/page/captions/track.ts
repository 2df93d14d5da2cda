import { type Cue, formatWebVtt } from '../../../video-captions/webvtt.js';
import type { Language } from '../service/api-types.js';
import type { CaptionPart, CaptionRun } from './caption-run.js';

/** What was written about a clip in one language, as a WebVTT track; null for a picture, or where nothing was. */
export function toTrack(run: CaptionRun, language: Language): string | null {
  if (run.request.of === 'picture') return null;
  const cues = run.parts.flatMap((part) => toCue(run, part, language.code));
  if (cues.length === 0) return null;
  return formatWebVtt({ language, model: run.model ?? '', cues });
}

/** `fox.mp4` in Catalan is `fox.ca.vtt`, the name that players look for. */
export function trackName({ file }: CaptionRun, { code }: Language): string {
  return `${file.replace(/\.[^.]*$/, '')}.${code}.vtt`;
}

/** A cue needs an end, which a segment has only when it is finished. */
function toCue(run: CaptionRun, { range, texts }: CaptionPart, code: string): Cue[] {
  const text = texts[code]?.text ?? '';
  const { start, end } = range ?? { start: 0, end: lengthOf(run) };
  return text === '' || end === null ? [] : [{ startSeconds: start, endSeconds: end, text }];
}

/** Where nothing says how long a clip is, it is seen to its last frame. */
function lengthOf({ media }: CaptionRun): number | null {
  if (media?.kind !== 'video') return null;
  return media.duration_seconds ?? ('frames' in media ? media.frames.at(-1) : undefined) ?? null;
}
