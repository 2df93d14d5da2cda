import { decodeFrameAt, decodeFrames, type VideoFrame } from './decode-frames.js';
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

/**
 * A range with fewer pixels in total is decoded frame by frame in one run. 64 million pixels are 192 MB of RGB, which
 * pass a pipe faster than ffmpeg starts and seeks a few more times.
 */
const MAX_STREAMED_PIXELS = 64_000_000;

/** Tolerance for timestamps that are rounded to container ticks. */
const ROUNDING_SECONDS = 0.001;

/**
 * Frame sampling: chooses frame times in a video and decodes those frames. Long ranges are decoded with one seek per
 * frame.
 *
 * A video without a duration gives one frame. Times without a frame are skipped, so there may be fewer frames than
 * requested.
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
      frames: decodeBySeeking(ffmpeg, video, [startSeconds]),
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
  const decode = isCheapToStream(video, span) ? decodeByStreaming : decodeBySeeking;
  return { video, framesRequested, frames: decode(ffmpeg, video, times) };
}

function endingAt({ endSeconds }: TimeSpan): (shot: TimeRange) => TimeSpan {
  return (shot) => ({ ...shot, endSeconds: shot.endSeconds ?? endSeconds });
}

function isCheapToStream({ width, height, frameRate, seeking }: ProbedVideo, span: TimeSpan) {
  const frames = (span.endSeconds - span.startSeconds) * (frameRate ?? Infinity);
  // Without an index, a seek may land after the start of the range.
  const isStartReachable = seeking === 'indexed' || span.startSeconds === 0;
  return isStartReachable && frames * width * height <= MAX_STREAMED_PIXELS;
}

/** One seek per time. */
async function* decodeBySeeking(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  times: readonly number[],
): AsyncGenerator<SampledFrame, undefined> {
  let latest: VideoFrame | null = null;
  for (const time of times) {
    const frame: VideoFrame | null = await decodeFrameAt(ffmpeg, video, time).catch(
      // A truncated video gives the frames before the damage.
      (error: unknown) => (latest ? null : Promise.reject(error as Error)),
    );
    if (!frame) break;
    if (latest && frame.containerSeconds <= latest.containerSeconds) continue;
    yield toSampledFrame(frame, video);
    latest = frame;
  }
  // Seeking may fail in files that decode sequentially.
  if (!latest) yield* decodeByStreaming(ffmpeg, video, times.slice(0, 1));
}

/** Decodes every frame and yields the one that is displayed at each time. */
async function* decodeByStreaming(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  times: readonly number[],
): AsyncGenerator<SampledFrame, undefined> {
  const [firstTime = 0] = times;
  const seekSeconds = Math.max(firstTime - 1 / (video.frameRate ?? 1), 0);
  const pendingTimes = [...times];
  let displayed: VideoFrame | null = null;
  let yielded: VideoFrame | null = null;
  for await (const frame of decodeFrames(ffmpeg, video, { seekSeconds, frames: 'all' })) {
    const seconds = frame.containerSeconds - video.startSeconds;
    const due = dropWhile(pendingTimes, (time) => time < seconds - ROUNDING_SECONDS);
    // Times before the first frame get the first frame.
    const dueFrame: VideoFrame = displayed ?? frame;
    if (due > 0 && dueFrame !== yielded) yield toSampledFrame(dueFrame, video);
    if (due > 0) yielded = dueFrame;
    if (pendingTimes.length === 0) return;
    displayed = frame;
  }
  if (!displayed) throw noDecodableFrame();
  if (displayed !== yielded) yield toSampledFrame(displayed, video);
}

/** Removes the leading numbers that meet the condition and returns how many were removed. */
function dropWhile(numbers: number[], condition: (number: number) => boolean): number {
  const end = numbers.findIndex((number) => !condition(number));
  return numbers.splice(0, end === -1 ? numbers.length : end).length;
}

function toSampledFrame(frame: VideoFrame, { startSeconds }: ProbedVideo): SampledFrame {
  const { width, height, data } = frame;
  // Microseconds: finer than the clocks of common containers.
  const timestampSeconds = Math.round((frame.containerSeconds - startSeconds) * 1e6) / 1e6;
  return { timestampSeconds, width, height, data };
}
