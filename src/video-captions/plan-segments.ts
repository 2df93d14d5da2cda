import { MAX_SEGMENTS } from '../config/limits.js';
import type { VideoInspector, VideoMetadata } from '../workers/media-inspector.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { TimeRange } from '../media/frame-sampling.js';

/** How a video is cut: not at all, at its own cuts, or by the clock. */
export type Granularity =
  | { readonly kind: 'whole' }
  | { readonly kind: 'shot'; readonly maxShots: number }
  | { readonly kind: 'interval'; readonly seconds: number };

export interface VideoRange {
  readonly path: string;
  readonly metadata: VideoMetadata;
  /** Absent: all of it. */
  readonly range: TimeRange | undefined;
}

/**
 * Cuts a video, or the part of it that is asked for, into stretches to describe, in their order.
 *
 * @throws NO_DECODABLE_FRAME when the range begins beyond the end, INVALID_PARAMETER for intervals that are too many or
 *   have no end; what the inspector throws.
 */
export async function planSegments(
  { path, metadata: outline, range }: VideoRange,
  granularity: Granularity,
  inspector: VideoInspector,
  signal: AbortSignal,
): Promise<readonly TimeRange[]> {
  // A single frame takes no time: there is nothing to cut, and no range around it.
  if (outline.durationSeconds === 0) return [{ startSeconds: 0, endSeconds: null }];
  const whole = clampRange(range, outline.durationSeconds);
  switch (granularity.kind) {
    case 'whole':
      return [whole];
    case 'shot':
      return await inspector.findShots(
        path,
        { range: whole, maxShots: granularity.maxShots },
        signal,
      );
    case 'interval':
      return splitIntoIntervals(whole, granularity.seconds);
  }
}

function clampRange(range: TimeRange | undefined, durationSeconds: number | null): TimeRange {
  const { startSeconds, endSeconds } = range ?? { startSeconds: 0, endSeconds: null };
  if (durationSeconds === null) return { startSeconds, endSeconds };
  if (startSeconds >= durationSeconds) {
    throw new SalamandraError('NO_DECODABLE_FRAME', '"start" lies beyond the end of the clip.', {
      details: { duration_seconds: durationSeconds },
    });
  }
  return { startSeconds, endSeconds: Math.min(endSeconds ?? Infinity, durationSeconds) };
}

function splitIntoIntervals({ startSeconds, endSeconds }: TimeRange, seconds: number): TimeRange[] {
  if (endSeconds === null) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'The clip does not say how long it is; give "end".',
      { details: { parameter: 'end' } },
    );
  }
  const length = endSeconds - startSeconds;
  const count = Math.max(1, Math.ceil(length / seconds));
  if (count > MAX_SEGMENTS) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'The clip has too many intervals; make them longer or ask for a part of it.',
      {
        details: {
          parameter: 'interval_seconds',
          max_segments: MAX_SEGMENTS,
          min_interval_seconds: Math.ceil(length / MAX_SEGMENTS),
        },
      },
    );
  }
  return Array.from({ length: count }, (_, index) => ({
    startSeconds: startSeconds + index * seconds,
    endSeconds: Math.min(endSeconds, startSeconds + (index + 1) * seconds),
  }));
}
