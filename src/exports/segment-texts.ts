import type { ReviewedItem, ReviewedText } from '../review/reviewed-items.js';
import { columnKey } from './survey-items.js';

/** The duration of a clip in seconds; undefined for images, and if the file does not tell. */
export function durationOf({ report }: Pick<ReviewedItem, 'report'>): number | undefined {
  const seconds = mediaOf({ report })['duration_seconds'];
  return typeof seconds === 'number' && seconds > 0 ? seconds : undefined;
}

export function isClip({ report }: Pick<ReviewedItem, 'report'>): boolean {
  return mediaOf({ report })['kind'] === 'video';
}

/** What the report says about the file, with the field names of the HTTP API. */
export function mediaOf({
  report,
}: Pick<ReviewedItem, 'report'>): Readonly<Record<string, unknown>> {
  const { media } = report;
  return typeof media === 'object' && media !== null ? (media as Record<string, unknown>) : {};
}

/** The texts of each language and kind, in order; several for a clip with segments. */
export function groupByColumn(texts: readonly ReviewedText[]): Map<string, ReviewedText[]> {
  const groups = new Map<string, ReviewedText[]>();
  for (const text of texts) {
    const key = columnKey(text);
    const group = groups.get(key);
    if (group) group.push(text);
    else groups.set(key, [text]);
  }
  return groups;
}

/** One text for fields that hold one: the texts of segments have a line each, which begins with its time. */
export function joinTexts(texts: readonly ReviewedText[]): string {
  return texts
    .toSorted((a, b) => (a.segment?.startSeconds ?? -1) - (b.segment?.startSeconds ?? -1))
    .map(({ segment, text }) => (segment ? `[${clock(segment.startSeconds)}] ${text}` : text))
    .join('\n');
}

/** `HH:MM:SS` */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return [whole / 3600, (whole / 60) % 60, whole % 60]
    .map((value) => String(Math.floor(value)).padStart(2, '0'))
    .join(':');
}
