import { MAX_DECODED_PIXELS, MAX_SHOT_DECODING_MS, MAX_SHOT_SEEKING_MS } from '../config/limits.js';
import { decodeAnimation, frameAt } from './animation/decode-animation.js';
import type { DecodedImage } from './decoded-image.js';
import { decodeFrames, type FrameSelection } from './decode-frames.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { clampToDuration, type TimeRange, type TimeSpan } from './frame-sampling.js';
import { pixelsOfSpan } from './plan-decoding.js';
import type { AnimationFile, ProbedVideo } from './probe-video.js';
import { checkPixels, noDecodableFrame } from './video-errors.js';

export interface ShotDetectionOptions {
  /** Undefined for the whole video. */
  readonly range?: TimeRange;
  /** At least 1. If there are more shots, the boundaries with the smallest difference are dropped. */
  readonly maxShots: number;
}

/** Width and height of a thumbnail in pixels: fine enough to tell images apart, too coarse for noise and film grain. */
const THUMBNAIL_SIDE = 32;

/** Ranges up to this length have every frame decoded: 3,000 at 25 frames per second. */
const MAX_ALL_FRAMES_SECONDS = 120;
/** Ranges with more pixels have only their key frames decoded: 120 s of 1080p at 30 frames per second. */
const MAX_ALL_FRAMES_PIXELS = 8_000_000_000;
/**
 * Ranges up to this length have their key frames decoded. Encoders place one at a shot boundary and every few seconds.
 */
const MAX_KEY_FRAMES_SECONDS = 3_600;
/**
 * Seeks in longer ranges. Each starts ffmpeg and decodes one key frame. A power of two, as `bisectionOrder` requires.
 */
const SEEKS = 128;

/**
 * Shot detection: splits a video into its shots, in order and without gaps. Memory does not grow with the length.
 *
 * - Ranges up to 120 s and MAX_ALL_FRAMES_PIXELS: every frame is decoded, boundaries are exact.
 * - Ranges up to 3,600 s: key frames are decoded, a boundary may be late by the distance of two key frames.
 * - Ranges whose frames take longer than MAX_SHOT_DECODING_MS have their key frames decoded.
 * - Longer ranges, and those whose key frames take longer than that: 128 evenly spaced key frames are decoded,
 *   fewer if that takes longer than MAX_SHOT_SEEKING_MS. Shots shorter than their distance are missed.
 *
 * @param maxPixels the work of the decoder, estimated before it starts
 * @throws MEDIA_TOO_EXPENSIVE above `maxPixels`, NO_DECODABLE_FRAME for a range outside the video, and the errors of
 *   `decodeFrames`
 */
export async function detectShots(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  { range, maxShots }: ShotDetectionOptions,
  maxPixels = MAX_DECODED_PIXELS,
): Promise<readonly TimeRange[]> {
  if (video.durationSeconds === null) {
    return [range ?? { startSeconds: 0, endSeconds: null }];
  }
  const span = clampToDuration(range, video.durationSeconds);
  if (!span) throw noDecodableFrame();
  if (maxShots === 1) return [span];
  checkPixels(pixelsOfSearch(video, span), maxPixels);
  const boundaries =
    (decodesAllFrames(video, span) && (await detectByDecoding(ffmpeg, video, span, 'dense'))) ||
    (decodesKeyFrames(span) && (await detectByDecoding(ffmpeg, video, span, 'sparse'))) ||
    (await detectBySeeking(ffmpeg, video, span));
  return splitAtBoundaries(span, strongestBoundaries(boundaries, maxShots - 1));
}

function decodesAllFrames(video: ProbedVideo, span: TimeSpan): boolean {
  const seconds = span.endSeconds - span.startSeconds;
  return seconds <= MAX_ALL_FRAMES_SECONDS && pixelsOfSpan(video, span) <= MAX_ALL_FRAMES_PIXELS;
}

function decodesKeyFrames({ startSeconds, endSeconds }: TimeSpan): boolean {
  return endSeconds - startSeconds <= MAX_KEY_FRAMES_SECONDS;
}

/** Seconds between the key frames of most encoders. */
const KEY_FRAME_SECONDS = 2;

/** An estimate of the pixels that are decoded. */
function pixelsOfSearch(video: ProbedVideo, span: TimeSpan): number {
  if (decodesAllFrames(video, span)) return pixelsOfSpan(video, span);
  const seconds = span.endSeconds - span.startSeconds;
  const keys = decodesKeyFrames(span) ? Math.ceil(seconds / KEY_FRAME_SECONDS) : SEEKS;
  return keys * video.width * video.height;
}

/** @returns `null` if it takes longer than MAX_SHOT_DECODING_MS */
async function detectByDecoding(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  { startSeconds, endSeconds }: TimeSpan,
  spacing: 'dense' | 'sparse',
): Promise<readonly ShotBoundary[] | null> {
  const detector = createShotBoundaryDetector(spacing);
  const endMs = performance.now() + MAX_SHOT_DECODING_MS;
  if (video.animation) {
    for await (const thumbnail of decodeThumbnails(video.animation, { startSeconds, endSeconds })) {
      if (performance.now() > endMs) break;
      detector.add(thumbnail);
    }
    return detector.finish();
  }
  for (const part of video.parts) {
    if (part.offsetSeconds >= endSeconds) break;
    if (part.offsetSeconds + part.durationSeconds <= startSeconds) continue;
    const selection: FrameSelection = {
      seekSeconds: Math.max(startSeconds - part.offsetSeconds, 0),
      frames: spacing === 'dense' ? 'all' : 'keys',
      sidePixels: THUMBNAIL_SIDE,
    };
    for await (const thumbnail of decodeFrames(ffmpeg, part, selection)) {
      if (performance.now() > endMs) return null;
      if (thumbnail.seconds >= endSeconds) break;
      detector.add(thumbnail);
    }
  }
  return detector.finish();
}

/** Thumbnails of the frames of an animation that are on show in a range. */
async function* decodeThumbnails(
  animation: AnimationFile,
  { startSeconds, endSeconds }: TimeSpan,
): AsyncGenerator<Thumbnail> {
  const first = frameAt(animation, startSeconds);
  const last = frameAt(animation, endSeconds);
  const indices = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  for await (const frame of decodeAnimation(animation.path, animation, indices)) {
    const data = shrink(frame);
    yield { seconds: animation.startSeconds[frame.index] ?? 0, data };
  }
}

/** The mean color of each cell of a grid of THUMBNAIL_SIDE by THUMBNAIL_SIDE. */
function shrink({ width, height, data }: DecodedImage): Uint8Array {
  const small = new Uint8Array(THUMBNAIL_SIDE * THUMBNAIL_SIDE * 3);
  const edge = (cell: number, length: number) => Math.floor((cell * length) / THUMBNAIL_SIDE);
  for (let cell = 0; cell < THUMBNAIL_SIDE * THUMBNAIL_SIDE; cell += 1) {
    const [row, column] = [Math.floor(cell / THUMBNAIL_SIDE), cell % THUMBNAIL_SIDE];
    const [top, left] = [edge(row, height), edge(column, width)];
    const bottom = Math.max(edge(row + 1, height), top + 1);
    const right = Math.max(edge(column + 1, width), left + 1);
    const sums = [0, 0, 0];
    for (let y = top; y < bottom; y += 1) {
      for (let at = (y * width + left) * 3; at < (y * width + right) * 3; at += 1) {
        sums[at % 3] = (sums[at % 3] ?? 0) + (data[at] as number);
      }
    }
    const pixels = (bottom - top) * (right - left);
    sums.forEach((sum, channel) => (small[cell * 3 + channel] = Math.round(sum / pixels)));
  }
  return small;
}

async function detectBySeeking(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  { startSeconds, endSeconds }: TimeSpan,
): Promise<readonly ShotBoundary[]> {
  const thumbnails: Thumbnail[] = [];
  const endMs = performance.now() + MAX_SHOT_SEEKING_MS;
  for (const fraction of bisectionOrder(SEEKS)) {
    const seconds = startSeconds + fraction * (endSeconds - startSeconds);
    const part = video.parts.findLast(({ offsetSeconds }) => offsetSeconds <= seconds);
    if (!part) continue;
    const selection = {
      seekSeconds: seconds - part.offsetSeconds,
      frames: 'key',
      sidePixels: THUMBNAIL_SIDE,
    } as const;
    for await (const { seconds: shown, data } of decodeFrames(ffmpeg, part, selection)) {
      thumbnails.push({ seconds: shown, data });
    }
    if (performance.now() > endMs) break;
  }
  const detector = createShotBoundaryDetector('sparse');
  thumbnails.sort((a, b) => a.seconds - b.seconds).forEach((thumbnail) => detector.add(thumbnail));
  return detector.finish();
}

/**
 * The multiples of 1 / count in [0, 1), for a count that is a power of two: 0, 1/2, then 1/4 and 3/4, then the eighths.
 * If time runs out, the fractions so far are roughly evenly spaced.
 */
function bisectionOrder(count: number): number[] {
  const fractions = [0];
  for (let step = 0.5; step >= 1 / count; step /= 2) {
    for (let odd = step; odd < 1; odd += 2 * step) fractions.push(odd);
  }
  return fractions;
}

/** The boundaries with the largest difference, in order of time. */
function strongestBoundaries(boundaries: readonly ShotBoundary[], count: number): ShotBoundary[] {
  return boundaries
    .toSorted((a, b) => b.difference - a.difference)
    .slice(0, count)
    .sort((a, b) => a.seconds - b.seconds);
}

function splitAtBoundaries(
  { startSeconds, endSeconds }: TimeSpan,
  boundaries: readonly ShotBoundary[],
): TimeRange[] {
  const inside = boundaries
    .map(({ seconds }) => seconds)
    .filter((seconds) => seconds > startSeconds && seconds < endSeconds);
  const starts = [startSeconds, ...inside];
  return starts.map((start, i) => ({
    startSeconds: start,
    endSeconds: starts[i + 1] ?? endSeconds,
  }));
}

/** The first frame of a new shot. */
interface ShotBoundary {
  readonly seconds: number;
  /** Mean absolute difference to the previous thumbnail, from 0 to 1. */
  readonly difference: number;
}

interface Thumbnail {
  readonly seconds: number;
  /** RGB bytes. All thumbnails of a detector have the same length. */
  readonly data: Uint8Array;
}

export interface ShotBoundaryDetector {
  /** Thumbnails come in order of time. */
  add(thumbnail: Thumbnail): void;
  /** The boundaries between the added thumbnails, in order of time. */
  finish(): readonly ShotBoundary[];
}

/** Two thumbnails with a smaller mean difference belong to one shot. Full range: 1. */
const MIN_DIFFERENCE = 0.1;
/** A boundary's difference exceeds the median of its neighbors, which is motion, by this factor. */
const MIN_RATIO = 3;
/** Differences on either side that count as neighbors. */
const NEIGHBORS = 4;
/** A shorter shot is a flash or a fade. */
const MIN_SHOT_SECONDS = 0.4;

/**
 * Finds hard cuts by the mean difference of consecutive thumbnails. `dense` thumbnails are consecutive frames, where a
 * boundary must also exceed the motion around it. `sparse` thumbnails are seconds apart, so that the difference alone
 * decides.
 *
 * Misses: dissolves, slow fades, and cuts between images with similar colors in the same places. False positives:
 * flashes of 0.4 s or more, and in sparse thumbnails fast camera motion.
 */
export function createShotBoundaryDetector(spacing: 'dense' | 'sparse'): ShotBoundaryDetector {
  const differences: ShotBoundary[] = [];
  let previous: Thumbnail | null = null;

  return {
    add(thumbnail) {
      if (previous) {
        const difference = meanDifference(previous.data, thumbnail.data);
        differences.push({ seconds: thumbnail.seconds, difference });
      }
      previous = thumbnail;
    },
    finish() {
      const boundaries = differences.filter(
        ({ difference }, index) =>
          difference >= MIN_DIFFERENCE &&
          (spacing === 'sparse' || difference >= MIN_RATIO * medianAround(differences, index)),
      );
      return dropShortShots(boundaries);
    },
  };
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / length / 255;
}

/** A median, because another boundary among the neighbors would raise the mean. */
function medianAround(differences: readonly ShotBoundary[], index: number): number {
  const neighbors = [
    ...differences.slice(Math.max(index - NEIGHBORS, 0), index),
    ...differences.slice(index + 1, index + 1 + NEIGHBORS),
  ];
  const sorted = neighbors.map(({ difference }) => difference).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Where two boundaries are closer than MIN_SHOT_SECONDS, the one with the larger difference remains. */
function dropShortShots(boundaries: readonly ShotBoundary[]): ShotBoundary[] {
  const remaining: ShotBoundary[] = [];
  for (const boundary of boundaries) {
    const last = remaining.at(-1);
    if (!last || boundary.seconds - last.seconds >= MIN_SHOT_SECONDS) remaining.push(boundary);
    else if (boundary.difference > last.difference) remaining[remaining.length - 1] = boundary;
  }
  return remaining;
}
