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
