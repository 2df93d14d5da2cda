import { SalamandraError } from '../../errors/salamandra-error.js';

/** A part of a clip, in seconds. */
export interface TimeSpan {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** `00:01:02.500 --> 00:01:04,000`: hours are optional in WebVTT, and SubRip writes a comma. */
const TIMES =
  /^\s*(?:(\d+):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})\s+-->\s+(?:(\d+):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})(?:\s|$)/;

/**
 * When something is said: the cues of a WebVTT or SubRip file, in order; those that overlap or touch are one.
 *
 * @throws INVALID_REQUEST for a file without cues.
 */
export function parseSubtitles(text: string): TimeSpan[] {
  const spans = text.split(/\r\n?|\n/).flatMap((line) => {
    const groups = TIMES.exec(line)?.slice(1);
    if (!groups) return [];
    const [startSeconds, endSeconds] = [toSeconds(groups.slice(0, 4)), toSeconds(groups.slice(4))];
    return endSeconds > startSeconds ? [{ startSeconds, endSeconds }] : [];
  });
  if (spans.length === 0) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The subtitles have no cue such as "00:00:01.000 --> 00:00:02.000". Use a WebVTT or SubRip file in UTF-8.',
    );
  }
  return joinSpans(spans);
}

function toSeconds([hours, minutes, seconds, fraction = '']: readonly (
  string | undefined
)[]): number {
  const whole = Number(hours ?? 0) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return whole + Number(fraction.padEnd(3, '0')) / 1_000;
}

function joinSpans(spans: readonly TimeSpan[]): TimeSpan[] {
  const joined: TimeSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.startSeconds - b.startSeconds)) {
    const last = joined.at(-1);
    if (!last || span.startSeconds > last.endSeconds) joined.push(span);
    else {
      const endSeconds = Math.max(last.endSeconds, span.endSeconds);
      joined[joined.length - 1] = { ...last, endSeconds };
    }
  }
  return joined;
}
