import type { Readable } from 'node:stream';

import { MAX_VIDEO_PIXELS } from '../config/limits.js';
import { createLogParser, type LoggedFrame } from './ffmpeg-log.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { type ClipFile, runFfmpeg } from './run-ffmpeg.js';
import { tooManyPixels, toVideoError } from './video-errors.js';

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
