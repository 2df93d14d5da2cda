/** A part of a clip, in seconds from its first frame. */
export interface TimeRange {
  /** At least 0. */
  readonly startSeconds: number;
  /** Exclusive, and after the start; null: to the end of the clip. */
  readonly endSeconds: number | null;
}

/** Which frames of a clip are wished. A model's context may leave room for fewer. */
export interface FrameSampling {
  /**
   * `uniform` spreads the frames evenly over the range; `scene` finds the shots in it first and takes frames from
   * the middle of each, so that a short shot between two long ones is seen as well.
   */
  readonly mode: 'uniform' | 'scene';
  /** At least 1 frame, or more than 0 frames a second. */
  readonly frames: { readonly count: number } | { readonly perSecond: number };
  /** Absent: the whole clip. */
  readonly range?: TimeRange;
}

/** Frames of a clip where nobody says: enough to see what moves where, in a fifth of the context of the large models. */
export const DEFAULT_FRAMES = 8;

/** A part of a clip whose end is known. */
export interface TimeSpan {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** The part of a clip that a range names; null where nothing of it is inside. */
export function clipSpan(range: TimeRange | undefined, durationSeconds: number): TimeSpan | null {
  const startSeconds = Math.max(range?.startSeconds ?? 0, 0);
  const endSeconds = Math.min(range?.endSeconds ?? durationSeconds, durationSeconds);
  return endSeconds > startSeconds ? { startSeconds, endSeconds } : null;
}

/**
 * Frames wished of a span, at least 1. A rate is turned into a number that is rounded down, as Hugging Face's
 * `BaseVideoProcessor.sample_frames` does.
 */
export function countWishedFrames(
  frames: FrameSampling['frames'],
  { startSeconds, endSeconds }: TimeSpan,
): number {
  if ('count' in frames) return frames.count;
  // A float may fall short of the whole number it stands for by a hair.
  return Math.max(Math.floor((endSeconds - startSeconds) * frames.perSecond + 1e-6), 1);
}

/** Times at the start of equal parts: Hugging Face's `arange(0, total, total / count)`, in seconds. */
export function spreadEvenly({ startSeconds, endSeconds }: TimeSpan, count: number): number[] {
  const step = (endSeconds - startSeconds) / count;
  return Array.from({ length: count }, (_, i) => startSeconds + i * step);
}

/**
 * Times in the middle of shots: one for each while there are enough, the longest first where there are too few; what is left
 * goes to whichever shot has the longest stretch a frame, and stands in the middle of equal parts of it.
 */
export function spreadOverShots(shots: readonly TimeSpan[], count: number): number[] {
  const shares = shots.map((shot) => ({ ...shot, frames: 0 }));
  for (let given = 0; given < count; given++) {
    const next = shares.reduce((best, shot) => (stretch(shot) > stretch(best) ? shot : best));
    next.frames += 1;
  }
  return shares.flatMap(({ startSeconds, endSeconds, frames }) => {
    const part = (endSeconds - startSeconds) / frames;
    return Array.from({ length: frames }, (_, i) => startSeconds + (i + 0.5) * part);
  });
}

/** Longer than any clip, and small enough to leave its seconds their fractions. */
const UNSEEN_SECONDS = 1e9;

/** Seconds a frame; a shot without any comes before all that have one. */
function stretch(shot: TimeSpan & { readonly frames: number }): number {
  const seconds = shot.endSeconds - shot.startSeconds;
  return shot.frames === 0 ? UNSEEN_SECONDS + seconds : seconds / shot.frames;
}
