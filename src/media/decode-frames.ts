import type { Readable } from 'node:stream';

import { MAX_VIDEO_PIXELS } from '../config/limits.js';
import { isDecoderKilled } from './decoder-killed.js';
import { createLogParser, type LoggedFrame, type LogParser } from './ffmpeg-log.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import type { VideoPart } from './probe-video.js';
import { runFfmpeg } from './run-ffmpeg.js';
import { DEFAULT_PEAK, toneMap } from './tone-map.js';
import { tooManyPixels, toVideoError } from './video-errors.js';

const CHANNELS = 3;

/** `-discard` makes a demuxer with an index skip the packets of other frames. */
const KEY_FRAMES_ONLY = ['-discard:v', 'nokey', '-skip_frame', 'nokey'];

/** An upright frame in RGB. */
export interface VideoFrame {
  /** The frame's own timestamp, relative to the start of the video. */
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  /** RGB, row-major: `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

export interface FrameSelection {
  /** Seek target, relative to the start of the part. 0 decodes from the first packet. */
  readonly seekSeconds: number;
  /**
   * - `key`: the key frame before the seek target
   * - `keys`: all key frames
   * - `all`: every frame to the end of the video
   */
  readonly frames: 'key' | 'keys' | 'all';
  /** Width and height in pixels to which frames are scaled by area averaging. Undefined keeps the size. */
  readonly sidePixels?: number;
}

/**
 * Decodes frames in order, with their timestamps, one in memory at a time. Rotation metadata is applied. Pixels that
 * are not square stay as stored. Leaving the loop early stops ffmpeg.
 *
 * Damage after the first frame ends the sequence without an error.
 *
 * @throws SERVER_UNAVAILABLE if something else killed ffmpeg
 * @throws the errors of `toVideoError` if no frame was decoded and ffmpeg reports a reason
 */
export async function* decodeFrames(
  ffmpeg: Ffmpeg,
  part: VideoPart,
  selection: FrameSelection,
): AsyncGenerator<VideoFrame, undefined> {
  const { frames, sidePixels } = selection;
  const log = createLogParser();
  const scale = sidePixels === undefined ? [] : [`scale=${sidePixels}:${sidePixels}:flags=area`];
  const reading = {
    ...{ input: toInputOptions(selection, part), filters: [...part.sourceFilters, ...scale] },
    ...(frames === 'key' && { maxFrames: 1 }),
  };
  for await (const { containerSeconds, ...image } of readFrames(ffmpeg, part, log, reading)) {
    yield { ...image, seconds: toVideoSeconds(part, containerSeconds) };
  }
}

function toVideoSeconds({ startSeconds, offsetSeconds }: VideoPart, seconds: number): number {
  return seconds - startSeconds + offsetSeconds;
}

function toInputOptions({ frames, seekSeconds }: FrameSelection, { seeking }: VideoPart): string[] {
  // Frames of elementary streams are counted from the first one.
  if (seeking === 'none') return [];
  return [
    ...(frames === 'all' ? [] : KEY_FRAMES_ONLY),
    ...(frames === 'key' ? ['-noaccurate_seek'] : []),
    ...(seekSeconds > 0 ? ['-ss', seekSeconds.toFixed(6)] : []),
  ];
}

interface Reading {
  readonly input: readonly string[];
  /** Video filters before the one that logs frames. */
  readonly filters: readonly string[];
  readonly maxFrames?: number;
  /** Whether frames have 16 bits per channel, little-endian, instead of 8. */
  readonly is16Bit?: boolean;
}

/** Runs ffmpeg and reads the frames that pass the filters. */
async function* readFrames(
  ffmpeg: Ffmpeg,
  part: VideoPart,
  log: LogParser,
  { input, filters, maxFrames, is16Bit = false }: Reading,
): AsyncGenerator<LoggedFrame & Pick<VideoFrame, 'data'>, undefined> {
  const run = runFfmpeg(ffmpeg, part, {
    input: ['-copyts', ...input],
    output: [
      ...['-vf', [...filters, log.filter].join(',')],
      ...(maxFrames === undefined ? [] : ['-frames:v', String(maxFrames)]),
      ...[ffmpeg.frameTimingOption, 'passthrough'],
      ...['-f', 'rawvideo', '-pix_fmt', is16Bit ? 'rgb48le' : 'rgb24'],
    ],
    onLine: log.addLine,
  });
  void run.ended.then(log.end);
  const readBytes = createByteReader(run.stdout);
  let count = 0;
  try {
    // A frame is logged before its pixels are written. At the end, one frame too many may be logged.
    for (let logged = await log.nextFrame(); logged; logged = await log.nextFrame()) {
      const data = await readBytes(frameBytes(logged) * (is16Bit ? 2 : 1));
      if (data === null) break;
      yield { ...logged, data };
      count += 1;
    }
    const failure = await run.ended;
    // Not damage: the rest of the frames would be missing without a word.
    if (isDecoderKilled(failure)) throw failure;
    if (count === 0 && failure) throw toVideoError(`${failure.message}\n${log.recentLines()}`);
  } finally {
    run.stop();
    await run.ended;
  }
}

/** Tolerance for timestamps that are rounded to container ticks. */
const ROUNDING_SECONDS = 0.001;

/** What ffmpeg logs when a file ends in the middle of a frame. */
const TRUNCATED = /partial file|ended prematurely|Truncat|truncat/;

/** The frames of `decodeShownFrames`, and the results that are known after the last one. */
export interface ShownFrames {
  /** Ascending by time. A frame that is on show at several times comes once. */
  readonly frames: AsyncIterable<VideoFrame>;
  /** Timestamp of the first decoded frame, on show or not; undefined before there is one. */
  readonly firstSeconds: () => number | undefined;
  /** Once `frames` has ended: the last frame of the video, if some of the times are after it. */
  readonly heldSeconds: () => number | undefined;
}

/**
 * Decodes the frames that are on show at the given times: for each time the last frame that starts at or before it, or
 * the first frame. All frames from the key frame before the seek target are decoded. Only those on show are converted
 * to RGB.
 *
 * ffmpeg's filters do the selection. `setpts` replaces each timestamp by the index of the first time at or after it;
 * then `fps`, which holds frames until the next one, outputs for each index the last frame that has it or a lower one.
 *
 * @param selection `seekSeconds` as in `FrameSelection`; `times` relative to the start of the video, ascending, at
 *   least one
 */
export function decodeShownFrames(
  ffmpeg: Ffmpeg,
  part: VideoPart,
  { seekSeconds, times }: { readonly seekSeconds: number; readonly times: readonly number[] },
): ShownFrames {
  const log = createLogParser();
  const toContainerSeconds = (seconds: number) => seconds + part.startSeconds - part.offsetSeconds;
  const decodedSeconds = () => log.sourceSeconds().map((seconds) => toVideoSeconds(part, seconds));
  const isAfter = times.map(
    (time) => `lt(${(toContainerSeconds(time) + ROUNDING_SECONDS).toFixed(6)},T)`,
  );
  const filters = [
    ...part.sourceFilters,
    log.sourceFilter,
    'settb=1/1000000',
    `setpts='(${isAfter.join('+')})/TB'`,
    'fps=fps=1:start_time=0:round=near',
    ...(part.squareFilter === null ? [] : [part.squareFilter]),
  ];
  const input = ['-noaccurate_seek', ...(seekSeconds > 0 ? ['-ss', seekSeconds.toFixed(6)] : [])];
  let shown = 0;

  async function* decode(): AsyncGenerator<VideoFrame, undefined> {
    let previous: number | undefined;
    const is16Bit = part.hdr !== null;
    const reading = { input, filters, maxFrames: times.length, is16Bit };
    const logged = readFrames(ffmpeg, part, log, reading);
    for await (const { containerSeconds: index, data: pixels, ...size } of logged) {
      const data =
        part.hdr === null ? pixels : toneMap(pixels, part.hdr, log.peak() ?? DEFAULT_PEAK);
      const image = { ...size, data };
      const seconds = frameAt(decodedSeconds(), times[index] ?? Infinity);
      shown += 1;
      if (seconds !== previous) yield { ...image, seconds };
      previous = seconds;
    }
  }
  return {
    frames: decode(),
    firstSeconds: () => decodedSeconds()[0],
    heldSeconds: () => {
      const isHeld = shown < times.length && !TRUNCATED.test(log.recentLines());
      return isHeld ? lastOf(decodedSeconds()) : undefined;
    },
  };
}

/** The timestamp of the last frame that starts by a time, or of the first frame. */
function frameAt(decodedSeconds: readonly number[], time: number): number {
  const started = decodedSeconds.filter((seconds) => seconds <= time + ROUNDING_SECONDS);
  return lastOf(started) ?? decodedSeconds[0] ?? 0;
}

function lastOf(decodedSeconds: readonly number[]): number | undefined {
  return decodedSeconds.length === 0 ? undefined : decodedSeconds.reduce((a, b) => Math.max(a, b));
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
