import type { Ffmpeg } from './find-ffmpeg.js';
import { findShots } from './detect-shots.js';
import {
  type FrameSampling,
  type TimeRange,
  clipSpan,
  countWishedFrames,
  spreadEvenly,
  spreadOverShots,
  type TimeSpan,
} from './frame-sampling.js';
import { type ProbedVideo, probeVideo } from './probe-video.js';
import { readFrameAt, readFrames, type VideoFrame } from './decode-frames.js';
import { noDecodableFrame } from './video-errors.js';

/** An upright frame in RGB. */
export interface SampledFrame {
  /** Seconds from the start of the clip: the frame's own time, not the one asked for. */
  readonly timestampSeconds: number;
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

export interface SampledVideo {
  readonly video: ProbedVideo;
  readonly framesRequested: number;
  /** In ascending order and none twice, one in memory at a time. @throws the media codes, NO_DECODABLE_FRAME */
  readonly frames: AsyncIterable<SampledFrame>;
}

/**
 * Below this, all frames of the part are read in one go: 192 MB through a pipe take less time than the starts and
 * seeks of a few more ffmpegs.
 */
const MAX_STREAMED_PIXELS = 64_000_000;

/** A frame belongs to a time that it misses by rounding. */
const ROUNDING_SECONDS = 0.001;

/**
 * Chooses frames of a clip and reads them. Long clips are sought into, one seek a frame; what a clip lacks (a length, a frame
 * at the time, as many frames as wished) makes the frames fewer and fails only where there is none at all.
 *
 * @throws the media codes, NO_DECODABLE_FRAME for a range outside the clip
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
    const times = readAtTimes(ffmpeg, video, [startSeconds]);
    return { video, framesRequested: 'count' in frames ? frames.count : 1, frames: times };
  }
  const span = clipSpan(range, video.durationSeconds);
  if (!span) throw noDecodableFrame();
  const framesRequested = countWishedFrames(frames, span);
  const count = Math.min(framesRequested, maxFrames);
  const times =
    mode === 'uniform'
      ? spreadEvenly(span, count)
      : spreadOverShots(
          (await findShots(ffmpeg, video, { range: span, maxShots: count })).map(closeAt(span)),
          count,
        );
  const read = isCheapToRead(video, span) ? readOnTheWay : readAtTimes;
  return { video, framesRequested, frames: read(ffmpeg, video, times) };
}

function closeAt({ endSeconds }: TimeSpan): (shot: TimeRange) => TimeSpan {
  return (shot) => ({ ...shot, endSeconds: shot.endSeconds ?? endSeconds });
}

function isCheapToRead({ width, height, frameRate, seeking }: ProbedVideo, span: TimeSpan) {
  const frames = (span.endSeconds - span.startSeconds) * (frameRate ?? Infinity);
  // A search may land behind the start of the part.
  const isReachable = seeking === 'indexed' || span.startSeconds === 0;
  return isReachable && frames * width * height <= MAX_STREAMED_PIXELS;
}

/** One seek a time. */
async function* readAtTimes(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  times: readonly number[],
): AsyncGenerator<SampledFrame, undefined> {
  let latest: VideoFrame | null = null;
  for (const time of times) {
    const frame: VideoFrame | null = await readFrameAt(ffmpeg, video, time).catch(
      // A clip that breaks off gives the frames before the damage.
      (error: unknown) => (latest ? null : Promise.reject(error as Error)),
    );
    if (!frame) break;
    if (latest && frame.containerSeconds <= latest.containerSeconds) continue;
    yield toSampledFrame(frame, video);
    latest = frame;
  }
  // A seek can fail where reading does not.
  if (!latest) yield* readOnTheWay(ffmpeg, video, times.slice(0, 1));
}

/** Every frame is decoded, and each time takes the one that is shown then. */
async function* readOnTheWay(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  times: readonly number[],
): AsyncGenerator<SampledFrame, undefined> {
  const [firstTime = 0] = times;
  const seekSeconds = Math.max(firstTime - 1 / (video.frameRate ?? 1), 0);
  const waiting = [...times];
  let shown: VideoFrame | null = null;
  let taken: VideoFrame | null = null;
  for await (const frame of readFrames(ffmpeg, video, { seekSeconds, frames: 'all' })) {
    const seconds = frame.containerSeconds - video.startSeconds;
    const due = dropWhile(waiting, (time) => time < seconds - ROUNDING_SECONDS);
    // Before the first frame there is none to show.
    const dueFrame: VideoFrame = shown ?? frame;
    if (due > 0 && dueFrame !== taken) yield toSampledFrame(dueFrame, video);
    if (due > 0) taken = dueFrame;
    if (waiting.length === 0) return;
    shown = frame;
  }
  if (!shown) throw noDecodableFrame();
  if (shown !== taken) yield toSampledFrame(shown, video);
}

/** Drops the leading numbers that fulfil the condition, and counts them. */
function dropWhile(numbers: number[], condition: (number: number) => boolean): number {
  const end = numbers.findIndex((number) => !condition(number));
  return numbers.splice(0, end === -1 ? numbers.length : end).length;
}

function toSampledFrame(frame: VideoFrame, { startSeconds }: ProbedVideo): SampledFrame {
  const { width, height, data } = frame;
  // Ticks become microseconds: no clock of a container is finer where it matters.
  const timestampSeconds = Math.round((frame.containerSeconds - startSeconds) * 1e6) / 1e6;
  return { timestampSeconds, width, height, data };
}
