import type { Readable } from 'node:stream';

import { MAX_VIDEO_PIXELS } from '../config/limits.js';
import { createLogParser, type LoggedFrame } from './ffmpeg-log.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { type ClipFile, runFfmpeg } from './run-ffmpeg.js';
import { tooManyPixels, toVideoError } from './video-errors.js';
import type { ProbedVideo } from './probe-video.js';

const CHANNELS = 3;

/** Where the container knows the key frames, the rest is not even read. */
const KEY_FRAMES_ONLY = ['-discard:v', 'nokey', '-skip_frame', 'nokey'];

/** An upright frame in RGB. */
export interface VideoFrame {
  /** Seconds in the container's own count, which need not start at 0. */
  readonly containerSeconds: number;
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

export interface FrameReading {
  /** Seconds after the container's start to seek to; 0 reads from the first packet on. */
  readonly seekSeconds: number;
  /** Frames before this time, in the container's count, are decoded and dropped; absent: none. */
  readonly dropBefore?: number;
  /**
   * `first`: the one at the time sought; `key`: the one before it that needs no other to be decoded; `keys`: all such;
   * `all`: to the end of the clip.
   */
  readonly frames: 'first' | 'key' | 'keys' | 'all';
  /** Scaled to this width and height by averaging; absent: as it is. */
  readonly sidePixels?: number;
}

/**
 * Reads frames of a clip in order, one in memory at a time, with their own times. Frames are turned upright as the file says;
 * pixels that are not square stay as they are stored. Ending the loop early ends ffmpeg.
 *
 * @throws the media codes when not a single frame could be read and ffmpeg says why; damage after that ends the frames
 */
export async function* readFrames(
  ffmpeg: Ffmpeg,
  clip: ClipFile,
  reading: FrameReading,
): AsyncGenerator<VideoFrame, undefined> {
  const log = createLogParser();
  const run = runFfmpeg(ffmpeg, clip, {
    input: toInputOptions(reading),
    output: toOutputOptions(reading, ffmpeg, log.filter),
    onLine: log.add,
  });
  void run.ended.then(log.end);
  const readBytes = createByteReader(run.output);
  let count = 0;
  try {
    // The log names a frame before its pixels come, and at the end sometimes one more.
    for (let logged = await log.nextFrame(); logged; logged = await log.nextFrame()) {
      const data = await readBytes(countBytes(logged));
      if (data === null) break;
      yield { ...logged, data };
      count += 1;
    }
    const failure = await run.ended;
    if (count === 0 && failure) throw toVideoError(`${failure.message}\n${log.text()}`);
  } finally {
    run.stop();
    await run.ended;
  }
}

function toInputOptions({ frames, seekSeconds }: FrameReading): string[] {
  return [
    '-copyts',
    ...(frames === 'keys' || frames === 'key' ? KEY_FRAMES_ONLY : []),
    ...(frames === 'key' ? ['-noaccurate_seek'] : []),
    ...(seekSeconds > 0 ? ['-ss', seekSeconds.toFixed(6)] : []),
  ];
}

function toOutputOptions(
  reading: FrameReading,
  { keepTimesOption }: Ffmpeg,
  logFilter: string,
): string[] {
  const { dropBefore, frames, sidePixels } = reading;
  const filters = [
    ...(dropBefore === undefined ? [] : [`trim=start=${dropBefore.toFixed(6)}`]),
    ...(sidePixels === undefined ? [] : [`scale=${sidePixels}:${sidePixels}:flags=area`]),
    logFilter,
  ];
  return [
    ...['-vf', filters.join(',')],
    ...(frames === 'first' || frames === 'key' ? ['-frames:v', '1'] : []),
    ...[keepTimesOption, 'passthrough'],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24'],
  ];
}

function countBytes({ width, height }: LoggedFrame): number {
  if (width * height > MAX_VIDEO_PIXELS) throw tooManyPixels();
  return width * height * CHANNELS;
}

/** Cuts a stream into pieces of a known length; null when it ends before a piece is complete. */
function createByteReader(stream: Readable): (length: number) => Promise<Uint8Array | null> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let rest: Buffer = Buffer.alloc(0);
  return async (length) => {
    const piece = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      if (rest.length === 0) {
        const next = await chunks.next();
        if (next.done) return null;
        rest = next.value;
      }
      const taken = Math.min(rest.length, length - filled);
      piece.set(rest.subarray(0, taken), filled);
      rest = rest.subarray(taken);
      filled += taken;
    }
    return piece;
  };
}

/** Seconds to start before the time that is sought, one attempt after another; more than a group of pictures at the end. */
const LEAD_SECONDS = { indexed: [0, 12], searched: [2, 12, 60] } as const;

/** Where the file names no rate: half a frame of slow motion pictures. */
const FALLBACK_FRAME_SECONDS = 0.04;

/** Keeps the frame at exactly the time asked for inside, whatever the rounding of ticks. */
const ROUNDING_SECONDS = 0.001;

/**
 * Reads the frame that is shown at a time of the clip, by seeking: nothing before the group of pictures around it is
 * decoded. Where the frame rate varies it may be the one after. null past the last frame.
 *
 * @throws the media codes
 */
export async function readFrameAt(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  seconds: number,
): Promise<VideoFrame | null> {
  const frameSeconds = 1 / (video.frameRate ?? 1 / FALLBACK_FRAME_SECONDS);
  // The first frame from here on is the last one that starts by the time asked for.
  const from = Math.max(seconds - frameSeconds + ROUNDING_SECONDS, 0);
  let best: VideoFrame | null = null;
  for (const lead of LEAD_SECONDS[video.seeking]) {
    const frame = await readFirst(ffmpeg, video, from, lead);
    if (frame && (!best || frame.containerSeconds < best.containerSeconds)) best = frame;
    const lateSeconds = (best?.containerSeconds ?? Infinity) - video.startSeconds - seconds;
    // A seek in a file without a good index may land on a later group of pictures.
    if (lateSeconds <= ROUNDING_SECONDS || from <= lead) break;
  }
  return best;
}

async function readFirst(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  fromSeconds: number,
  leadSeconds: number,
): Promise<VideoFrame | null> {
  const reading = {
    seekSeconds: Math.max(fromSeconds - leadSeconds, 0),
    ...(leadSeconds > 0 && { dropBefore: video.startSeconds + fromSeconds }),
    frames: 'first',
  } as const;
  for await (const frame of readFrames(ffmpeg, video, reading)) return frame;
  return null;
}
