import { MAX_SHOT_READING_MS, MAX_SHOT_SEEKING_MS } from '../config/limits.js';
import { createCutDetector, type Cut, type Thumbnail } from './detect-cuts.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import type { TimeRange } from './frame-sampling.js';
import { clipSpan, type TimeSpan } from './plan-frame-times.js';
import type { ProbedVideo } from './probe-video.js';
import { type FrameReading, readFrames } from './read-frames.js';
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
