import type { Readable } from 'node:stream';

import { MAX_VIDEO_PIXELS } from '../config/limits.js';
import { createLogParser, type LoggedFrame } from './ffmpeg-log.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import type { ProbedVideo } from './probe-video.js';
import { runFfmpeg, type VideoFile } from './run-ffmpeg.js';
import { tooManyPixels, toVideoError } from './video-errors.js';

const CHANNELS = 3;

/** `-discard` makes a demuxer with an index skip the packets of other frames. */
const KEY_FRAMES_ONLY = ['-discard:v', 'nokey', '-skip_frame', 'nokey'];

/** An upright frame in RGB. */
export interface VideoFrame {
  /** Timestamp on the container's clock, which need not start at 0. */
  readonly containerSeconds: number;
  readonly width: number;
  readonly height: number;
  /** RGB, row-major: `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

export interface FrameSelection {
  /** Seek target, relative to the container's start. 0 decodes from the first packet. */
  readonly seekSeconds: number;
  /** Earlier frames, on the container's clock, are decoded and dropped. Undefined keeps all. */
  readonly dropBeforeSeconds?: number;
  /**
   * - `first`: the frame at the seek target
   * - `key`: the key frame before the seek target
   * - `keys`: all key frames
   * - `all`: every frame to the end of the video
   */
  readonly frames: 'first' | 'key' | 'keys' | 'all';
  /** Width and height in pixels to which frames are scaled by area averaging. Undefined keeps the size. */
  readonly sidePixels?: number;
}

/**
 * Decodes frames in order, with their timestamps, one in memory at a time. Rotation metadata is applied. Pixels that
 * are not square stay as stored. Leaving the loop early stops ffmpeg.
 *
 * Damage after the first frame ends the sequence without an error.
 *
 * @throws the errors of `toVideoError` if no frame was decoded and ffmpeg reports a reason
 */
export async function* decodeFrames(
  ffmpeg: Ffmpeg,
  file: VideoFile,
  selection: FrameSelection,
): AsyncGenerator<VideoFrame, undefined> {
  const log = createLogParser();
  const run = runFfmpeg(ffmpeg, file, {
    input: toInputOptions(selection),
    output: toOutputOptions(selection, ffmpeg, log.filter),
    onLine: log.addLine,
  });
  void run.ended.then(log.end);
  const readBytes = createByteReader(run.stdout);
  let count = 0;
  try {
    // A frame is logged before its pixels are written. At the end, one frame too many may be logged.
    for (let logged = await log.nextFrame(); logged; logged = await log.nextFrame()) {
      const data = await readBytes(frameBytes(logged));
      if (data === null) break;
      yield { ...logged, data };
      count += 1;
    }
    const failure = await run.ended;
    if (count === 0 && failure) throw toVideoError(`${failure.message}\n${log.recentLines()}`);
  } finally {
    run.stop();
    await run.ended;
  }
}

function toInputOptions({ frames, seekSeconds }: FrameSelection): string[] {
  return [
    '-copyts',
    ...(frames === 'keys' || frames === 'key' ? KEY_FRAMES_ONLY : []),
    ...(frames === 'key' ? ['-noaccurate_seek'] : []),
    ...(seekSeconds > 0 ? ['-ss', seekSeconds.toFixed(6)] : []),
  ];
}

function toOutputOptions(
  { dropBeforeSeconds, frames, sidePixels }: FrameSelection,
  { frameTimingOption }: Ffmpeg,
  logFilter: string,
): string[] {
  const filters = [
    ...(dropBeforeSeconds === undefined ? [] : [`trim=start=${dropBeforeSeconds.toFixed(6)}`]),
    ...(sidePixels === undefined ? [] : [`scale=${sidePixels}:${sidePixels}:flags=area`]),
    logFilter,
  ];
  return [
    ...['-vf', filters.join(',')],
    ...(frames === 'first' || frames === 'key' ? ['-frames:v', '1'] : []),
    ...[frameTimingOption, 'passthrough'],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24'],
  ];
}

/** @throws MEDIA_TOO_LARGE */
function frameBytes({ width, height }: LoggedFrame): number {
  if (width * height > MAX_VIDEO_PIXELS) throw tooManyPixels();
  return width * height * CHANNELS;
}

/** Reads blocks of a given length from a stream; `null` if the stream ends before a block is complete. */
function createByteReader(stream: Readable): (length: number) => Promise<Uint8Array | null> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  return async (length) => {
    const block = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      if (rest.length === 0) {
        const next = await chunks.next();
        if (next.done) return null;
        rest = next.value;
      }
      const taken = Math.min(rest.length, length - filled);
      block.set(rest.subarray(0, taken), filled);
      rest = rest.subarray(taken);
      filled += taken;
    }
    return block;
  };
}

/**
 * Seconds before the requested time at which decoding starts, one attempt after another. A group of pictures is assumed
 * to be shorter than the last one.
 */
const LEAD_SECONDS = { indexed: [0, 12], searched: [2, 12, 60] } as const;

/** For files without a frame rate: 25 frames per second. */
const FALLBACK_FRAME_SECONDS = 0.04;

/** Tolerance for timestamps that are rounded to container ticks. */
const ROUNDING_SECONDS = 0.001;

/**
 * Decodes the frame that is displayed at a time of the video. It seeks, so only the group of pictures around that time
 * is decoded. With a variable frame rate the result may be the following frame.
 *
 * @param seconds relative to the start of the video
 * @returns `null` past the last frame
 * @throws the errors of `decodeFrames`
 */
export async function decodeFrameAt(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  seconds: number,
): Promise<VideoFrame | null> {
  const frameSeconds = 1 / (video.frameRate ?? 1 / FALLBACK_FRAME_SECONDS);
  // The first frame after this time is the last one that starts at or before the requested time.
  const from = Math.max(seconds - frameSeconds + ROUNDING_SECONDS, 0);
  let best: VideoFrame | null = null;
  for (const lead of LEAD_SECONDS[video.seeking]) {
    const frame = await decodeFirst(ffmpeg, video, from, lead);
    if (frame && (!best || frame.containerSeconds < best.containerSeconds)) best = frame;
    const lateSeconds = (best?.containerSeconds ?? Infinity) - video.startSeconds - seconds;
    // Without a good index, a seek may land on a later group of pictures: start earlier and try again.
    if (lateSeconds <= ROUNDING_SECONDS || from <= lead) break;
  }
  return best;
}

async function decodeFirst(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  fromSeconds: number,
  leadSeconds: number,
): Promise<VideoFrame | null> {
  const selection = {
    seekSeconds: Math.max(fromSeconds - leadSeconds, 0),
    ...(leadSeconds > 0 && { dropBeforeSeconds: video.startSeconds + fromSeconds }),
    frames: 'first',
  } as const;
  for await (const frame of decodeFrames(ffmpeg, video, selection)) return frame;
  return null;
}
