import type { TimeSpan } from './parse-subtitles.js';
import { speechSeconds, wordsPerSecond } from './speech-rate.js';

/** Seconds between dialogue and a description, and between two descriptions. */
const MARGIN_SECONDS = 0.25;
/** Seconds without dialogue from which a description is spoken at all. */
const MIN_GAP_SECONDS = 1.2;
/** Seconds by which a description may begin before or after its shot. */
const MAX_OFFSET_SECONDS = 2;

export interface Description {
  readonly language: string;
  readonly text: string;
  /** What it describes. */
  readonly shot: TimeSpan;
}

/** A description with the time at which it is spoken, or why it is left out. */
export type FittedDescription<D extends Description> =
  | { readonly description: D; readonly spoken: TimeSpan }
  | { readonly description: D; readonly reason: string };

/**
 * Places the descriptions of a clip into the gaps of its dialogue: never over dialogue, in the order of the shots, and
 * as near to the start of the shot as possible (WCAG 2.2, success criterion 1.2.5).
 *
 * @param dialogue in order, without overlaps.
 * @param durationSeconds of the clip.
 */
export function fitDescriptions<D extends Description>(
  descriptions: readonly D[],
  dialogue: readonly TimeSpan[],
  durationSeconds: number,
): FittedDescription<D>[] {
  const gaps = findGaps(dialogue, durationSeconds);
  let free = 0;
  return descriptions
    .toSorted((a, b) => a.shot.startSeconds - b.shot.startSeconds)
    .map((description): FittedDescription<D> => {
      const rooms = gaps.flatMap((gap) => roomFor(description.shot, gap, free));
      const needed = speechSeconds(description.text, description.language);
      const { startSeconds } = description.shot;
      const starts = rooms.flatMap(({ earliest, latest, end }) => {
        const last = Math.min(latest, end - needed);
        return last < earliest ? [] : [Math.min(Math.max(startSeconds, earliest), last)];
      });
      const [start] = starts.toSorted(
        (a, b) => Math.abs(a - startSeconds) - Math.abs(b - startSeconds),
      );
      if (start === undefined) return { description, reason: explain(description, needed, rooms) };
      free = start + needed + MARGIN_SECONDS;
      return { description, spoken: { startSeconds: start, endSeconds: start + needed } };
    });
}

/** The times without dialogue, less the margins. The clip itself begins and ends without one. */
function findGaps(dialogue: readonly TimeSpan[], durationSeconds: number): TimeSpan[] {
  const starts = [0, ...dialogue.map(({ endSeconds }) => endSeconds + MARGIN_SECONDS)];
  const ends = [
    ...dialogue.map(({ startSeconds }) => startSeconds - MARGIN_SECONDS),
    durationSeconds,
  ];
  return starts.flatMap((startSeconds, index) => {
    const endSeconds = Math.min(ends[index] ?? durationSeconds, durationSeconds);
    const margins =
      (index > 0 ? MARGIN_SECONDS : 0) + (index < dialogue.length ? MARGIN_SECONDS : 0);
    const isWide = endSeconds - startSeconds + margins >= MIN_GAP_SECONDS;
    return isWide && endSeconds > startSeconds ? [{ startSeconds, endSeconds }] : [];
  });
}

/** When a description may begin in a gap, and must end. */
interface Room {
  readonly earliest: number;
  readonly latest: number;
  readonly end: number;
}

function roomFor(shot: TimeSpan, gap: TimeSpan, free: number): Room[] {
  const earliest = Math.max(gap.startSeconds, free, shot.startSeconds - MAX_OFFSET_SECONDS);
  const latest = Math.min(gap.endSeconds, shot.endSeconds + MAX_OFFSET_SECONDS);
  return earliest < latest ? [{ earliest, latest, end: gap.endSeconds }] : [];
}

function explain({ language }: Description, needed: number, rooms: readonly Room[]): string {
  const longest = Math.max(0, ...rooms.map(({ earliest, end }) => end - earliest));
  if (longest === 0) return 'There is no gap in the dialogue near the shot.';
  const words = Math.floor(longest * wordsPerSecond(language));
  return `The text takes ${needed.toFixed(1)} s, and the longest gap near the shot has ${longest.toFixed(1)} s. Shorten it to ${words} words.`;
}
