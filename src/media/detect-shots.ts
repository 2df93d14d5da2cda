import { MAX_SHOT_READING_MS, MAX_SHOT_SEEKING_MS } from '../config/limits.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { type TimeRange, clipSpan, type TimeSpan } from './frame-sampling.js';
import type { ProbedVideo } from './probe-video.js';
import { type FrameReading, readFrames } from './decode-frames.js';
import { noDecodableFrame } from './video-errors.js';

export interface ShotSearch {
  /** Absent: the whole clip. */
  readonly range?: TimeRange;
  /** At least 1. Where more are found, the weakest cuts are left out. */
  readonly maxShots: number;
}

/** Thumbnails of RGB pixels along a side: enough to tell pictures apart, too few for noise and grain. */
const THUMBNAIL_SIDE = 32;

/** Up to here every frame is looked at: three thousand at an ordinary rate. */
const MAX_DENSE_SECONDS = 120;
/** Up to here the key frames are: encoders put one at a cut, and otherwise every few seconds. */
const MAX_KEYED_SECONDS = 3_600;
/** Seeks beyond that; each costs the start of an ffmpeg and one key frame. A power of two, for `halvings`. */
const SEEKS = 128;

/**
 * Parts a clip into its shots, in order and without gaps. Memory stays the same whatever the length, and time is bounded:
 * up to two minutes every frame is compared and cuts are exact; up to an hour the key frames are, and a cut may be
 * late by their distance; beyond that, or when reading takes longer than MAX_SHOT_READING_MS, frames at 128 even
 * distances are, or fewer where that takes longer than MAX_SHOT_SEEKING_MS, and shots shorter than that distance go unseen. `createCutDetector` says what counts as a cut.
 *
 * @throws the media codes, NO_DECODABLE_FRAME for a range outside the clip
 */
export async function findShots(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  { range, maxShots }: ShotSearch,
): Promise<readonly TimeRange[]> {
  if (video.durationSeconds === null) {
    return [range ?? { startSeconds: 0, endSeconds: null }];
  }
  const span = clipSpan(range, video.durationSeconds);
  if (!span) throw noDecodableFrame();
  if (maxShots === 1) return [span];
  const cuts = (await readCuts(ffmpeg, video, span)) ?? (await seekCuts(ffmpeg, video, span));
  return cutSpan(span, strongest(cuts, maxShots - 1));
}

/** null when the part is too long, or slower to decode than the limit. */
async function readCuts(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  { startSeconds, endSeconds }: TimeSpan,
): Promise<readonly Cut[] | null> {
  const seconds = endSeconds - startSeconds;
  if (seconds > MAX_KEYED_SECONDS) return null;
  const spacing = seconds <= MAX_DENSE_SECONDS ? 'dense' : 'sparse';
  const detector = createCutDetector(spacing);
  const reading: FrameReading = {
    seekSeconds: startSeconds,
    frames: spacing === 'dense' ? 'all' : 'keys',
    sidePixels: THUMBNAIL_SIDE,
  };
  const endMs = performance.now() + MAX_SHOT_READING_MS;
  for await (const { containerSeconds, data } of readFrames(ffmpeg, video, reading)) {
    if (performance.now() > endMs) return null;
    const at = containerSeconds - video.startSeconds;
    if (at >= endSeconds) break;
    detector.add({ seconds: at, data });
  }
  return detector.finish();
}

async function seekCuts(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  { startSeconds, endSeconds }: TimeSpan,
): Promise<readonly Cut[]> {
  const thumbnails: Thumbnail[] = [];
  const endMs = performance.now() + MAX_SHOT_SEEKING_MS;
  for (const fraction of halvings(SEEKS)) {
    const reading = {
      seekSeconds: startSeconds + fraction * (endSeconds - startSeconds),
      frames: 'key',
      sidePixels: THUMBNAIL_SIDE,
    } as const;
    for await (const { containerSeconds, data } of readFrames(ffmpeg, video, reading)) {
      thumbnails.push({ seconds: containerSeconds - video.startSeconds, data });
    }
    if (performance.now() > endMs) break;
  }
  const detector = createCutDetector('sparse');
  thumbnails.sort((a, b) => a.seconds - b.seconds).forEach((thumbnail) => detector.add(thumbnail));
  return detector.finish();
}

/** Every multiple of 1 / count below 1, for a count that is a power of two: first 0, then the middle, then the middles of the halves. */
function halvings(count: number): number[] {
  const fractions = [0];
  for (let step = 0.5; step >= 1 / count; step /= 2) {
    for (let odd = step; odd < 1; odd += 2 * step) fractions.push(odd);
  }
  return fractions;
}

function strongest(cuts: readonly Cut[], count: number): Cut[] {
  return cuts
    .toSorted((a, b) => b.strength - a.strength)
    .slice(0, count)
    .sort((a, b) => a.seconds - b.seconds);
}

function cutSpan({ startSeconds, endSeconds }: TimeSpan, cuts: readonly Cut[]): TimeRange[] {
  const inside = cuts
    .map(({ seconds }) => seconds)
    .filter((seconds) => seconds > startSeconds && seconds < endSeconds);
  const starts = [startSeconds, ...inside];
  return starts.map((start, i) => ({
    startSeconds: start,
    endSeconds: starts[i + 1] ?? endSeconds,
  }));
}

/** A time where one picture gives way to another. */
export interface Cut {
  readonly seconds: number;
  /** Mean difference of the two pictures, 0 to 1. */
  readonly strength: number;
}

/** A small picture at a time. */
export interface Thumbnail {
  readonly seconds: number;
  /** All of one length. */
  readonly data: Uint8Array;
}

export interface CutDetector {
  add(thumbnail: Thumbnail): void;
  /** Every cut among what was added, in order. */
  finish(): readonly Cut[];
}

/** Mean difference below which two pictures count as the same shot, of the full range. */
const MIN_DIFFERENCE = 0.1;
/** A cut differs by this factor more than the frames around it, whose differences are motion. */
const MIN_RATIO = 3;
/** Differences on either side that count as around. */
const NEIGHBOURS = 4;
/** A shot that ends sooner is a flash or a fade. */
const MIN_SHOT_SECONDS = 0.4;

/**
 * Finds hard cuts by the mean difference of neighbouring thumbnails. `dense` thumbnails are neighbouring frames,
 * and a cut has to stand out from the motion around it; `sparse` ones are seconds apart, and their difference alone decides.
 *
 * What it does not find: dissolves and slow fades, cuts between pictures of the same colours in the same places. What
 * it takes for cuts: flashes that last, and in sparse clips fast motion of the whole picture.
 */
export function createCutDetector(spacing: 'dense' | 'sparse'): CutDetector {
  const differences: Cut[] = [];
  let previous: Thumbnail | null = null;

  return {
    add(thumbnail) {
      if (previous) {
        const strength = meanDifference(previous.data, thumbnail.data);
        differences.push({ seconds: thumbnail.seconds, strength });
      }
      previous = thumbnail;
    },
    finish() {
      const cuts = differences.filter(
        ({ strength }, index) =>
          strength >= MIN_DIFFERENCE &&
          (spacing === 'sparse' || strength >= MIN_RATIO * motionAround(differences, index)),
      );
      return dropShortShots(cuts);
    },
  };
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / length / 255;
}

/** Median of the differences around one: another cut among them does not raise it. */
function motionAround(differences: readonly Cut[], index: number): number {
  const around = [
    ...differences.slice(Math.max(index - NEIGHBOURS, 0), index),
    ...differences.slice(index + 1, index + 1 + NEIGHBOURS),
  ];
  const sorted = around.map(({ strength }) => strength).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Of two cuts that leave no shot between them the stronger stays. */
function dropShortShots(cuts: readonly Cut[]): Cut[] {
  const kept: Cut[] = [];
  for (const cut of cuts) {
    const last = kept.at(-1);
    if (!last || cut.seconds - last.seconds >= MIN_SHOT_SECONDS) kept.push(cut);
    else if (cut.strength > last.strength) kept[kept.length - 1] = cut;
  }
  return kept;
}
