import { decodeShownFrames, type VideoFrame } from './decode-frames.js';
import { detectShots } from './detect-shots.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import {
  clampToDuration,
  countRequestedFrames,
  type FrameSampling,
  type TimeRange,
  timesWithinShots,
  type TimeSpan,
  uniformTimes,
} from './frame-sampling.js';
import { type ProbedVideo, probeVideo } from './probe-video.js';
import { noDecodableFrame } from './video-errors.js';

/** An upright frame in RGB. */
export interface SampledFrame {
  /** The frame's own timestamp, relative to the start of the video. It may differ from the requested time. */
  readonly timestampSeconds: number;
  readonly width: number;
  readonly height: number;
  /** RGB, row-major: `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

export interface SampledVideo {
  readonly video: ProbedVideo;
  readonly framesRequested: number;
  /**
   * In ascending order without duplicates, one in memory at a time.
   *
   * @throws NO_DECODABLE_FRAME, and the errors of `decodeFrames`
   */
  readonly frames: AsyncIterable<SampledFrame>;
}

/** A range with fewer pixels in total is decoded in one run, which is faster than one run with a seek per frame. */
const MAX_STREAMED_PIXELS = 64_000_000;

/** Tolerance for timestamps that are rounded to container ticks. */
const ROUNDING_SECONDS = 0.001;

/**
 * Frame sampling: chooses frame times in a video and decodes the frames on show at those times, however long ago they
 * started. Long ranges are decoded with one seek per frame.
 *
 * A video without a duration gives one frame. A frame that is on show at several times comes once, and times without a
 * frame are skipped, so there may be fewer frames than requested.
 *
 * @throws NO_DECODABLE_FRAME for a range outside the video, and the errors of `probeVideo` and `detectShots`
 */
export async function sampleFrames(
  ffmpeg: Ffmpeg,
  path: string,
  { mode, frames, range }: FrameSampling,
  maxFrames: number,
): Promise<SampledVideo> {
  const video = await probeVideo(ffmpeg, path);
  if (video.durationSeconds === null) {
    const startSeconds = range?.startSeconds ?? 0;
    return {
      video,
      framesRequested: 'count' in frames ? frames.count : 1,
      frames: decodeRuns(ffmpeg, video, [[startSeconds]]),
    };
  }
  const span = clampToDuration(range, video.durationSeconds);
  if (!span) throw noDecodableFrame();
  const framesRequested = countRequestedFrames(frames, span);
  const count = Math.min(framesRequested, maxFrames);
  const times =
    mode === 'uniform'
      ? uniformTimes(span, count)
      : timesWithinShots(
          (await detectShots(ffmpeg, video, { range: span, maxShots: count })).map(endingAt(span)),
          count,
        );
  const runs = isCheapToDecode(video, span) ? [times] : times.map((time) => [time]);
  return { video, framesRequested, frames: decodeRuns(ffmpeg, video, runs) };
}

function endingAt({ endSeconds }: TimeSpan): (shot: TimeRange) => TimeSpan {
  return (shot) => ({ ...shot, endSeconds: shot.endSeconds ?? endSeconds });
}

function isCheapToDecode({ width, height, frameRate }: ProbedVideo, span: TimeSpan) {
  const frames = (span.endSeconds - span.startSeconds) * (frameRate ?? Infinity);
  return frames * width * height <= MAX_STREAMED_PIXELS;
}

/** Decodes the frames on show at the times of each run, one run of ffmpeg after another. */
async function* decodeRuns(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  runs: readonly (readonly number[])[],
): AsyncGenerator<SampledFrame, undefined> {
  let latest = -Infinity;
  for (const times of runs) {
    const before = latest;
    let isEmpty = true;
    try {
      for await (const frame of decodeAt(ffmpeg, video, times)) {
        isEmpty = false;
        if (frame.containerSeconds <= latest) continue;
        yield toSampledFrame(frame, video);
        latest = frame.containerSeconds;
      }
    } catch (error) {
      // A damaged video gives the frames before the damage.
      if (before === -Infinity && latest === -Infinity) throw error;
      return;
    }
    if (isEmpty) break;
  }
  if (latest === -Infinity) throw noDecodableFrame();
}

/**
 * Seconds before the first time at which decoding starts, one attempt after another. A group of pictures is assumed to
 * be shorter than the last finite one.
 */
const LEAD_SECONDS = { indexed: [0, 12, Infinity], searched: [2, 12, 60, Infinity] } as const;

/** The longest start of a video, in seconds, that is decoded because no seek has found a frame. */
const MAX_LEAD_SECONDS = 600;

/**
 * Decodes the frames on show at some times, in one run of ffmpeg. A seek may land after its target, in files without a
 * good index; then the run starts again, earlier.
 *
 * @param times relative to the start of the video
 */
async function* decodeAt(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  times: readonly number[],
): AsyncGenerator<VideoFrame, undefined> {
  const [firstTime = 0] = times;
  const containerTimes = times.map((time) => video.startSeconds + time);
  const leads = LEAD_SECONDS[video.seeking].filter(
    (lead, i, all) =>
      i === 0 || (firstTime > all[i - 1]! && (lead < Infinity || firstTime <= MAX_LEAD_SECONDS)),
  );
  const lastLead = leads.at(-1);
  const latestStart = video.startSeconds + Math.max(firstTime, 0) + ROUNDING_SECONDS;
  for (const lead of leads) {
    const seekSeconds = Math.max(firstTime - lead, 0);
    const run = decodeShownFrames(ffmpeg, video, { seekSeconds, times: containerTimes });
    const isLate = () => lead !== lastLead && (run.firstSeconds() ?? Infinity) > latestStart;
    try {
      for await (const frame of run.frames) {
        if (isLate()) break;
        yield frame;
      }
    } catch (error) {
      if (!isLate()) throw error;
    }
    if (isLate()) continue;
    // The last frame stays on show until the end of the video, which may be that of its sound.
    const held = run.heldSeconds();
    if (held !== undefined) {
      yield* decodeShownFrames(ffmpeg, video, { seekSeconds, times: [held] }).frames;
    }
    return;
  }
}

function toSampledFrame(frame: VideoFrame, { startSeconds }: ProbedVideo): SampledFrame {
  const { width, height, data } = frame;
  // Microseconds: finer than the clocks of common containers.
  const timestampSeconds = Math.round((frame.containerSeconds - startSeconds) * 1e6) / 1e6;
  return { timestampSeconds, width, height, data };
}
