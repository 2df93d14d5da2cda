import { MAX_DECODED_PIXELS } from '../config/limits.js';
import { decodeAnimation, frameAt } from './animation/decode-animation.js';
import { decodeShownFrames, type VideoFrame } from './decode-frames.js';
import { isDecoderKilled } from './decoder-killed.js';
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
import { type DecodingRun, groupByPart, planDecoding } from './plan-decoding.js';
import { type AnimationFile, type ProbedVideo, probeVideo, type VideoPart } from './probe-video.js';
import { checkPixels, noDecodableFrame } from './video-errors.js';

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

/** Tolerance for timestamps that are rounded to container ticks. */
const ROUNDING_SECONDS = 0.001;

/**
 * Frame sampling: chooses frame times in a video and decodes the frames on show at those times, however long ago they
 * started. In long ranges, ffmpeg seeks to the key frame before each of them.
 *
 * A video without a duration gives one frame. A frame that is on show at several times comes once, and times without a
 * frame are skipped, so there may be fewer frames than requested.
 *
 * @param maxPixels the work of the decoder, estimated before it starts
 * @throws MEDIA_TOO_EXPENSIVE above `maxPixels`, NO_DECODABLE_FRAME for a range outside the video, and the errors of
 *   `probeVideo` and `detectShots`
 */
export async function sampleFrames(
  ffmpeg: Ffmpeg,
  path: string,
  { mode, frames, range }: FrameSampling,
  maxFrames: number,
  maxPixels = MAX_DECODED_PIXELS,
): Promise<SampledVideo> {
  const video = await probeVideo(ffmpeg, path);
  if (video.durationSeconds === null) {
    const startSeconds = range?.startSeconds ?? 0;
    return {
      video,
      framesRequested: 'count' in frames ? frames.count : 1,
      frames: decodeRuns(ffmpeg, groupByPart(video, [startSeconds])),
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
          (await detectShots(ffmpeg, video, { range: span, maxShots: count }, maxPixels)).map(
            endingAt(span),
          ),
          count,
        );
  if (video.animation) {
    return { video, framesRequested, frames: decodeShown(video.animation, times) };
  }
  const { runs, pixels } = await planDecoding(ffmpeg, video, span, times);
  checkPixels(pixels, maxPixels);
  return { video, framesRequested, frames: decodeRuns(ffmpeg, runs) };
}

function endingAt({ endSeconds }: TimeSpan): (shot: TimeRange) => TimeSpan {
  return (shot) => ({ ...shot, endSeconds: shot.endSeconds ?? endSeconds });
}

/** The frames of an animation that are on show at the times. */
async function* decodeShown(
  animation: AnimationFile,
  times: readonly number[],
): AsyncGenerator<SampledFrame, undefined> {
  const indices = [...new Set(times.map((seconds) => frameAt(animation, seconds)))];
  for await (const frame of decodeAnimation(animation.path, animation, indices)) {
    const { index, width, height, data } = frame;
    const seconds = animation.startSeconds[index] ?? 0;
    yield toSampledFrame({ seconds, width, height, data });
  }
}

/** Decodes the frames on show at the times of each run, one run of ffmpeg after another. */
async function* decodeRuns(
  ffmpeg: Ffmpeg,
  runs: readonly DecodingRun[],
): AsyncGenerator<SampledFrame, undefined> {
  let latest = -Infinity;
  let failure: Error | undefined;
  let endedPart: VideoPart | undefined;
  for (const run of runs) {
    // A damaged part gives the frames before the damage.
    if (run.part === endedPart) continue;
    let count = 0;
    try {
      for await (const frame of decodeRun(ffmpeg, run)) {
        count += 1;
        if (frame.seconds <= latest) continue;
        latest = frame.seconds;
        yield toSampledFrame(frame);
      }
    } catch (error) {
      if (isDecoderKilled(error)) throw error;
      failure ??= error as Error;
    }
    if (count === 0) endedPart = run.part;
  }
  if (latest === -Infinity) throw failure ?? noDecodableFrame();
}

/**
 * Seconds before the first time at which decoding starts, one attempt after another. A group of pictures is assumed to
 * be shorter than the last finite one.
 */
const LEAD_SECONDS = { indexed: [0, 12, Infinity], searched: [2, 12, 60, Infinity] } as const;

/** The longest start of a part, in seconds, that is decoded because no seek has found a frame. */
const MAX_LEAD_SECONDS = 600;

/** Seconds before a key frame to which a search seeks: several frames at the lowest usual rate. */
const KEY_MARGIN_SECONDS = 0.25;

/** Seek targets relative to the start of the part, one attempt after another. */
function seekTargets({ part, times: [firstTime = 0] }: DecodingRun): readonly number[] {
  const { offsetSeconds, startSeconds, keySeconds, seeking } = part;
  if (seeking === 'none') return [0];
  const target = Math.max(firstTime - offsetSeconds, 0);
  // The last key frame by the target, from which the frame on show is decoded.
  const key = keySeconds?.findLast(
    (seconds) => seconds <= startSeconds + target + ROUNDING_SECONDS,
  );
  const atKey = key === undefined ? [] : [key - startSeconds - KEY_MARGIN_SECONDS];
  const leads = LEAD_SECONDS[seeking].filter(
    (lead) => lead < Infinity || target <= MAX_LEAD_SECONDS,
  );
  const targets = [...atKey, ...leads.map((lead) => target - lead)].map((t) => Math.max(t, 0));
  // Each attempt starts earlier than the one before.
  return targets.filter((t, i) => i === 0 || t < Math.min(...targets.slice(0, i)));
}

/**
 * Decodes the frames of a run. A seek may land after its target, in files without a good index; then ffmpeg starts
 * again, earlier.
 */
async function* decodeRun(ffmpeg: Ffmpeg, run: DecodingRun): AsyncGenerator<VideoFrame, undefined> {
  const { part, times } = run;
  const targets = seekTargets(run);
  const lastTarget = targets.at(-1);
  const latestStart = Math.max(times[0] ?? 0, part.offsetSeconds) + ROUNDING_SECONDS;
  for (const seekSeconds of targets) {
    const shown = decodeShownFrames(ffmpeg, part, { seekSeconds, times });
    const isLate = () =>
      seekSeconds !== lastTarget && (shown.firstSeconds() ?? Infinity) > latestStart;
    try {
      for await (const frame of shown.frames) {
        if (isLate()) break;
        yield frame;
      }
    } catch (error) {
      if (!isLate() || isDecoderKilled(error)) throw error;
    }
    if (isLate()) continue;
    // The last frame stays on show until the end of the video, which may be that of its sound.
    const held = shown.heldSeconds();
    if (held !== undefined) {
      yield* decodeShownFrames(ffmpeg, part, { seekSeconds, times: [held] }).frames;
    }
    return;
  }
}

function toSampledFrame({ seconds, width, height, data }: VideoFrame): SampledFrame {
  // Microseconds: finer than the clocks of common containers.
  return { timestampSeconds: Math.round(seconds * 1e6) / 1e6, width, height, data };
}
