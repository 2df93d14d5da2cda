/** A range of a video, in seconds from its first frame. */
export interface TimeRange {
  /** At least 0. */
  readonly startSeconds: number;
  /** Exclusive, greater than the start. `null` for the end of the video. */
  readonly endSeconds: number | null;
}

/** Which frames of a video are requested. The model's context may have room for fewer. */
export interface FrameSampling {
  /**
   * `uniform` spaces frames evenly over the range. `scene` detects the shots in the range and samples each from its
   * middle, so that a short shot between two long ones is sampled as well.
   */
  readonly mode: 'uniform' | 'scene';
  /** A count of at least 1, or a rate above 0 in frames per second. */
  readonly frames: { readonly count: number } | { readonly perSecond: number };
  /** Undefined for the whole video. */
  readonly range?: TimeRange;
}

/** What becomes of an animation in an image format: one of its frames, or a clip whose frames are sampled. */
export type AnimationUse = 'still' | 'clip';

/** Frames per video by default: enough to show motion, in a fifth of the large models' context. */
export const DEFAULT_FRAMES = 8;

/** A time range with a known end. */
export interface TimeSpan {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Intersects a range with the video's duration; `null` if they do not overlap. */
export function clampToDuration(
  range: TimeRange | undefined,
  durationSeconds: number,
): TimeSpan | null {
  const startSeconds = Math.max(range?.startSeconds ?? 0, 0);
  const endSeconds = Math.min(range?.endSeconds ?? durationSeconds, durationSeconds);
  return endSeconds > startSeconds ? { startSeconds, endSeconds } : null;
}

/**
 * Number of frames requested of a time span, at least 1. A rate is converted to a count and rounded down.
 *
 * Source: Hugging Face transformers, `BaseVideoProcessor.sample_frames` (video_processing_utils.py).
 */
export function countRequestedFrames(
  frames: FrameSampling['frames'],
  { startSeconds, endSeconds }: TimeSpan,
): number {
  if ('count' in frames) return frames.count;
  // The tolerance absorbs float errors below a whole number.
  return Math.max(Math.floor((endSeconds - startSeconds) * frames.perSecond + 1e-6), 1);
}

/**
 * Uniform frame sampling: the start times of `count` equal intervals, in seconds.
 *
 * Source: Hugging Face transformers, `BaseVideoProcessor.sample_frames`: `arange(0, total, total / count)`.
 */
export function uniformTimes({ startSeconds, endSeconds }: TimeSpan, count: number): number[] {
  const step = (endSeconds - startSeconds) / count;
  return Array.from({ length: count }, (_, i) => startSeconds + i * step);
}

/**
 * Scene-aware frame sampling. Each shot gets one frame, the longest shots first if there are more shots than frames.
 * Further frames go to the shot with the most seconds per frame. The frames of a shot are the midpoints of equal
 * intervals.
 *
 * @returns times in seconds, in order
 */
export function timesWithinShots(shots: readonly TimeSpan[], count: number): number[] {
  const shares = shots.map((shot) => ({ ...shot, frames: 0 }));
  for (let assigned = 0; assigned < count; assigned++) {
    const next = shares.reduce((best, shot) =>
      secondsPerFrame(shot) > secondsPerFrame(best) ? shot : best,
    );
    next.frames += 1;
  }
  return shares.flatMap(({ startSeconds, endSeconds, frames }) => {
    const interval = (endSeconds - startSeconds) / frames;
    return Array.from({ length: frames }, (_, i) => startSeconds + (i + 0.5) * interval);
  });
}

/** Puts shots without a frame first. Longer than any video, small enough that fractions of a second stay exact. */
const NO_FRAME_SECONDS = 1e9;

function secondsPerFrame(shot: TimeSpan & { readonly frames: number }): number {
  const seconds = shot.endSeconds - shot.startSeconds;
  return shot.frames === 0 ? NO_FRAME_SECONDS + seconds : seconds / shot.frames;
}

/** Seconds with three decimals, as replies and tables show them. */
export function roundToMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
