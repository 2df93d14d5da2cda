import { MAX_PACKET_INDEX_MS } from '../config/limits.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import type { TimeSpan } from './frame-sampling.js';
import { createKeyFrameIndex, parsePacket, type KeyFrameIndex } from './index-packets.js';
import type { ProbedVideo, VideoPart } from './probe-video.js';
import { listPackets } from './run-ffmpeg.js';

/** Times at which frames are decoded from one part of a video, by one run of ffmpeg. */
export interface DecodingRun {
  readonly part: VideoPart;
  /** Relative to the start of the video, ascending, at least one. */
  readonly times: readonly number[];
}

export interface DecodingPlan {
  readonly runs: readonly DecodingRun[];
  /** Estimate of the pixels that all runs decode, from the packets between key frames. */
  readonly pixels: number;
}

/** A range with fewer pixels in total is decoded in one run, which is faster than one run with a seek per frame. */
const MAX_STREAMED_PIXELS = 64_000_000;

/** Packets per second of a video without a frame rate. */
const FALLBACK_RATE = 60;
/** Cost of a packet besides its pixels, in pixels: it dominates in frames of 100 x 100 pixels. */
const PACKET_PIXELS = 20_000;
/** Cost of the start of ffmpeg, in pixels. */
const RUN_PIXELS = 20_000_000;
/** Cost of a frame that is converted to RGB and resized, as a multiple of decoding it. */
const SHOWN_FACTOR = 3;

/**
 * Divides frame times into runs, and estimates what they cost before anything is decoded. Frames between the same two
 * key frames share a run: decoding the later one passes the earlier one. Other frames get a run with a seek each.
 *
 * @param times relative to the start of the video, ascending
 */
export async function planDecoding(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  span: TimeSpan,
  times: readonly number[],
): Promise<DecodingPlan> {
  const groups = groupByPart(video, times);
  const wholePixels = pixelsOfSpan(video, span);
  if (wholePixels <= MAX_STREAMED_PIXELS) return { runs: groups, pixels: wholePixels };
  const plans: DecodingPlan[] = [];
  for (const group of groups) plans.push(await planPart(ffmpeg, video, group));
  return {
    runs: plans.flatMap(({ runs }) => runs),
    pixels: plans.reduce((sum, { pixels }) => sum + pixels, 0),
  };
}

/** The pixels of all frames of a time range, by the frame rate of the headers. */
export function pixelsOfSpan(video: ProbedVideo, { startSeconds, endSeconds }: TimeSpan): number {
  const frames = (endSeconds - startSeconds) * (video.frameRate ?? FALLBACK_RATE);
  return frames * pixelsOfPacket(video);
}

/** The pixels of a frame, and the cost of its packet. */
function pixelsOfPacket({ width, height }: ProbedVideo): number {
  return width * height + PACKET_PIXELS;
}

/** The times of each part that has some. */
export function groupByPart({ parts }: ProbedVideo, times: readonly number[]): DecodingRun[] {
  const last = parts.at(-1);
  return parts.flatMap((part) => {
    const endSeconds = part === last ? Infinity : part.offsetSeconds + part.durationSeconds;
    const inPart = times.filter((time) => time >= part.offsetSeconds && time < endSeconds);
    return inPart.length === 0 ? [] : [{ part, times: inPart }];
  });
}

async function planPart(
  ffmpeg: Ffmpeg,
  video: ProbedVideo,
  { part, times }: DecodingRun,
): Promise<DecodingPlan> {
  const rate = video.frameRate ?? FALLBACK_RATE;
  const findPath = await findPaths(ffmpeg, part, times, rate);
  const runs: { times: number[]; key: number | null; packets: number }[] = [];
  for (const time of times) {
    const { key, packets } = findPath(time - part.offsetSeconds + part.startSeconds);
    const run = runs.at(-1);
    if (run && key !== null && run.key === key) {
      run.times.push(time);
      run.packets = Math.max(run.packets, packets);
    } else runs.push({ times: [time], key, packets });
  }
  const decoded = runs.reduce((sum, { packets }) => sum + packets, 0) * pixelsOfPacket(video);
  const shown = times.length * video.width * video.height * SHOWN_FACTOR;
  return {
    runs: runs.map((run) => ({ part, times: run.times })),
    pixels: decoded + shown + runs.length * RUN_PIXELS,
  };
}

/** The key frame from which the frame on show at a time is decoded, `null` if unknown, and the packets up to it. */
interface FramePath {
  readonly key: number | null;
  readonly packets: number;
}

/** @returns the path to the frame at a time on the container's clock */
async function findPaths(
  ffmpeg: Ffmpeg,
  part: VideoPart,
  times: readonly number[],
  rate: number,
): Promise<(seconds: number) => FramePath> {
  const { seeking, startSeconds, keySeconds } = part;
  if (seeking === 'none' || keySeconds) {
    const keys = keySeconds ?? [startSeconds];
    return (seconds) => {
      const key = keys.findLast((each) => each <= seconds + ROUNDING_SECONDS) ?? keys[0];
      return { key: key ?? null, packets: 1 + Math.max(seconds - (key ?? seconds), 0) * rate };
    };
  }
  if (seeking === 'searched') return () => ({ key: null, packets: 1 });
  const clock = times.map((time) => time - part.offsetSeconds + startSeconds);
  const index = await indexAround(ffmpeg, part, clock);
  return (seconds) => {
    const path = index.pathTo(seconds);
    if (!path) return { key: null, packets: 1 };
    // Packets that were not listed for lack of time.
    const unlisted = Math.max(seconds - index.lastSeconds() - MAX_UNLISTED_SECONDS, 0) * rate;
    return { ...path, packets: path.packets + unlisted };
  };
}

/** Tolerance for timestamps that are rounded to container ticks. */
const ROUNDING_SECONDS = 0.001;
/** Frames at low rates last this long. */
const MAX_UNLISTED_SECONDS = 2;

/** Packets that are listed by a seek for each time. More are listed in one pass, since key frames are far apart. */
const MAX_SOUGHT_PACKETS = 20_000;

/**
 * Lists the packets between each time and the key frame before it, without decoding. Where key frames are so far apart
 * that the lists would overlap, the whole range is listed once.
 */
async function indexAround(
  ffmpeg: Ffmpeg,
  part: VideoPart,
  times: readonly number[],
): Promise<KeyFrameIndex> {
  const endMs = performance.now() + MAX_PACKET_INDEX_MS;
  const sought = times.map((time) => formatInterval(time, time)).join(',');
  const index = createKeyFrameIndex();
  let packets = 0;
  await listPackets(ffmpeg, part, MAX_PACKET_INDEX_MS, addTo(index, part), sought);
  if (packets < MAX_SOUGHT_PACKETS) return index;
  const limitMs = Math.max(Math.ceil(endMs - performance.now()), 1);
  const whole = createKeyFrameIndex();
  const range = formatInterval(times[0] ?? 0, times.at(-1) ?? 0);
  await listPackets(ffmpeg, part, limitMs, addTo(whole, part), range);
  return whole;

  function addTo(target: KeyFrameIndex, { stream }: VideoPart) {
    return (line: string) => {
      const packet = parsePacket(line);
      if (packet && (!/^\d+$/.test(stream) || packet.stream === Number(stream))) target.add(packet);
      packets += 1;
      return target === index && packets >= MAX_SOUGHT_PACKETS ? 'stop' : undefined;
    };
  }
}

/** ffprobe seeks to the key frame before the start, and lists the packets before the end. */
function formatInterval(startSeconds: number, lastSeconds: number): string {
  const start = Math.max(startSeconds, 0);
  const end = Math.max(lastSeconds, 0) + ROUNDING_SECONDS;
  return `${start.toFixed(6)}%${end.toFixed(6)}`;
}
