import type { TimeRange } from '../media/frame-sampling.js';
import type { Timecodes } from './timecode.js';

/** A caption with its time range. */
export interface Cue {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
  /** Becomes the identifier of the cue. `null` for a video without a timecode. */
  readonly timecodes: Timecodes | null;
  /** A comment before the cue, such as who reviewed it. */
  readonly note?: string;
}

/** A time range of the video without a caption. */
export interface MissingCue extends TimeRange {
  /** The code of the error, such as `MEDIA_CORRUPT`. */
  readonly code: string;
}

export interface Track {
  readonly language: { readonly code: string };
  /** The id of the model that generated the texts. */
  readonly model: string;
  readonly cues: readonly Cue[];
  readonly missing: readonly MissingCue[];
}

/** A WebVTT file (https://www.w3.org/TR/webvtt1/) of kind `descriptions`. Cues without text are omitted. */
export function formatWebVtt({ language, model, cues, missing }: Track): string {
  const header = `WEBVTT\nKind: descriptions\nLanguage: ${language.code}`;
  const note = `NOTE Written by the model ${escapeText(model)}`;
  const gaps = missing.map(({ startSeconds, endSeconds, code }) => {
    const end = endSeconds === null ? 'the end' : formatTime(Math.round(endSeconds * 1000));
    const start = formatTime(Math.round(startSeconds * 1000));
    return `NOTE Without a caption (${code}): ${start} to ${end}`;
  });
  const blocks = cues.flatMap((cue) => {
    const text = escapeText(cue.text);
    if (text === '') return [];
    const note = cue.note === undefined ? [] : [`NOTE ${escapeText(cue.note)}`];
    return [...note, `${formatIdentifier(cue)}${formatTimes(cue)}\n${text}`];
  });
  return `${[header, note, ...gaps, ...blocks].join('\n\n')}\n`;
}

function formatIdentifier({ timecodes }: Cue): string {
  return timecodes ? `${timecodes.start} to ${timecodes.end}\n` : '';
}

/** WebVTT requires the end to be after the start, also after rounding to milliseconds. */
function formatTimes({ startSeconds, endSeconds }: Cue): string {
  const startMs = Math.round(startSeconds * 1000);
  const endMs = Math.max(Math.round(endSeconds * 1000), startMs + 1);
  return `${formatTime(startMs)} --> ${formatTime(endMs)}`;
}

/** `HH:MM:SS.mmm`, with more than two digits for 100 hours and more. */
function formatTime(ms: number): string {
  const pad = (value: number, digits: number) => String(Math.trunc(value)).padStart(digits, '0');
  const hours = pad(ms / 3_600_000, 2);
  return `${hours}:${pad((ms / 60_000) % 60, 2)}:${pad((ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
}

/** Escapes markup and `-->`, and removes blank lines, which would end the cue. */
function escapeText(text: string): string {
  return text
    .replaceAll('\0', '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}
