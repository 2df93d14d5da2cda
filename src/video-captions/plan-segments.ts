import { MAX_SEGMENTS } from '../config/limits.js';
import type { MediaCaller, MediaInspector, VideoMetadata } from '../workers/media-inspector.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { TimeRange } from '../media/frame-sampling.js';

/** How a video is split into segments: not at all, at its shot boundaries, or at fixed intervals. */
export type Granularity =
  | { readonly kind: 'whole' }
  | { readonly kind: 'shot'; readonly maxShots: number }
  | { readonly kind: 'interval'; readonly seconds: number };

export interface VideoRange {
  readonly path: string;
  readonly metadata: VideoMetadata;
  /** Undefined for the whole video. */
  readonly range: TimeRange | undefined;
}

/**
 * Splits a video, or a range of it, into the segments to caption, in order.
 *
 * @throws NO_DECODABLE_FRAME if the range starts after the end of the video
 * @throws INVALID_PARAMETER for more than MAX_SEGMENTS intervals, and for intervals without an end if the video has no
 *   duration
 * @throws the errors of `inspector`
 */
export async function planSegments(
  { path, metadata, range }: VideoRange,
  granularity: Granularity,
  inspector: MediaInspector,
  caller: MediaCaller,
): Promise<readonly TimeRange[]> {
  // A video of one frame has duration 0: it is one segment, and no range can contain it.
  if (metadata.durationSeconds === 0) return [{ startSeconds: 0, endSeconds: null }];
  const whole = clampRange(range, metadata.durationSeconds);
  switch (granularity.kind) {
    case 'whole':
      return [whole];
    case 'shot':
      return await inspector.detectShots(
        path,
        { range: whole, maxShots: granularity.maxShots },
        caller,
      );
    case 'interval':
      return splitIntoIntervals(whole, granularity.seconds);
  }
}

function clampRange(range: TimeRange | undefined, durationSeconds: number | null): TimeRange {
  const { startSeconds, endSeconds } = range ?? { startSeconds: 0, endSeconds: null };
  if (durationSeconds === null) return { startSeconds, endSeconds };
  if (startSeconds >= durationSeconds) {
    throw new SalamandraError(
      'NO_DECODABLE_FRAME',
      `"start" is after the end of the video, which is ${durationSeconds} seconds long. Use a smaller value.`,
      { details: { duration_seconds: durationSeconds } },
    );
  }
  return { startSeconds, endSeconds: Math.min(endSeconds ?? Infinity, durationSeconds) };
}

function splitIntoIntervals({ startSeconds, endSeconds }: TimeRange, seconds: number): TimeRange[] {
  if (endSeconds === null) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'The video file has no duration. Set "end" to split it into intervals.',
      { details: { parameter: 'end' } },
    );
  }
  const length = endSeconds - startSeconds;
  const count = Math.max(1, Math.ceil(length / seconds));
  if (count > MAX_SEGMENTS) {
    const minSeconds = Math.ceil(length / MAX_SEGMENTS);
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `The video has ${count} intervals. The limit is ${MAX_SEGMENTS}. Set "interval_seconds" to at least ${minSeconds}, or choose a shorter range.`,
      {
        details: {
          parameter: 'interval_seconds',
          max_segments: MAX_SEGMENTS,
          min_interval_seconds: minSeconds,
        },
      },
    );
  }
  return Array.from({ length: count }, (_, index) => ({
    startSeconds: startSeconds + index * seconds,
    endSeconds: Math.min(endSeconds, startSeconds + (index + 1) * seconds),
  }));
}
