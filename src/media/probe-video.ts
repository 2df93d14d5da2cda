import { open, stat } from 'node:fs/promises';

import {
  MAX_PACKET_INDEX_MS,
  MAX_STREAM_COUNT_MS,
  MAX_VIDEO_PIXELS,
  MAX_VIDEO_SECONDS,
} from '../config/limits.js';
import { chooseStream, listVideoStreams, statedFrames } from './choose-stream.js';
import { createLogParser, toRate } from './ffmpeg-log.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { findRunStart, indexPackets } from './index-packets.js';
import { type ByteRange, findJoinedFiles } from './joined-files.js';
import {
  type ProbedHeaders,
  type ProbedStream,
  type VideoFile,
  runFfmpeg,
  runFfprobe,
} from './run-ffmpeg.js';
import { emptyFile, sniffVideoContainer, unsupportedFormat } from './sniff-media.js';
import type { HdrTransfer } from './tone-map.js';
import { noVideoStream, tooLong, tooManyPixels, toVideoError } from './video-errors.js';
import { MEDIA_HEAD_BYTES, type VideoContainer } from './video-formats.js';

/** Video properties from the file headers. */
export interface VideoMetadata {
  /** From the start to the end of the video stream; `null` if neither the headers nor the packets give it. */
  readonly durationSeconds: number | null;
  /** Size of the upright frames in stored pixels: no correction for pixels that are not square. */
  readonly width: number;
  readonly height: number;
  /** Average frames per second; `null` if the headers do not have it. */
  readonly frameRate: number | null;
  /** How often the clock of the file starts again, as in joined files. The time of the video goes on. */
  readonly clockRestarts: number;
}

/** A part of a video with a continuous clock, which ffmpeg reads as a file of its own. */
export interface VideoPart extends VideoFile {
  /** Time of the video at which the part starts. */
  readonly offsetSeconds: number;
  /** The container's clock at the start of the part. */
  readonly startSeconds: number;
  /** Infinity if it is not known, or for the only part. */
  readonly durationSeconds: number;
  /** `searched` if the container has no index: a seek may land after its target. */
  readonly seeking: 'indexed' | 'searched';
  /** Transfer function of HDR videos, whose frames are tone-mapped; `null` for SDR. */
  readonly hdr: HdrTransfer | null;
  /** Times of the key frames on the container's clock, ascending; `null` if the packets were not read. */
  readonly keySeconds: readonly number[] | null;
}

export interface ProbedVideo extends VideoMetadata {
  /** In order of time, at least one. More than one if the clock restarts. */
  readonly parts: readonly VideoPart[];
}

/** Containers without an index. */
const SEARCHED_CONTAINERS: ReadonlySet<VideoContainer> = new Set<VideoContainer>([
  'mpegts',
  'mpeg',
]);

/**
 * Reads the headers of an untrusted video file and checks them against the limits. In containers without an index, the
 * packets are read as well.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_CORRUPT, NO_VIDEO_STREAM, UNSUPPORTED_CODEC, MEDIA_TOO_LARGE
 */
export async function probeVideo(ffmpeg: Ffmpeg, path: string): Promise<ProbedVideo> {
  const { container, size, version } = await readContainer(path);
  const key = `${version} ${path}`;
  const known = recentVideos.get(key);
  if (known) return known;
  const video = await probeFile(ffmpeg, { path, container, stream: 'V:0' }, size);
  if (recentVideos.size >= MAX_RECENT_VIDEOS) recentVideos.clear();
  recentVideos.set(key, video);
  return video;
}

/** Segments of a video are sampled one after another: its headers and packets are read once per process. */
const recentVideos = new Map<string, ProbedVideo>();
const MAX_RECENT_VIDEOS = 8;

async function probeFile(ffmpeg: Ffmpeg, file: VideoFile, size: number): Promise<ProbedVideo> {
  // ffprobe also fails on an audio or subtitle codec that is not allowed. Then the first frame decides.
  const probed = (await readHeaders(ffmpeg, file)) ?? (await readFirstFrame(ffmpeg, file));
  if (probed.width * probed.height > MAX_VIDEO_PIXELS) throw tooManyPixels();
  const { startSeconds, streamIndex, hdr, ...metadata } = probed;
  const chosen = { ...file, hdr, ...(streamIndex !== null && { stream: String(streamIndex) }) };
  const seeking = SEARCHED_CONTAINERS.has(file.container) ? 'searched' : 'indexed';
  const joined = await findJoinedFiles(file.path, file.container, size);
  const hasIndex = streamIndex !== null && (seeking === 'searched' || joined.length > 1);
  const parts = hasIndex ? await readParts(ffmpeg, { ...chosen, seeking }, joined) : [];
  const last = parts.at(-1);
  if (last && parts.length > 1) {
    const durationSeconds = last.offsetSeconds + last.durationSeconds;
    if (durationSeconds > MAX_VIDEO_SECONDS) throw tooLong();
    return { ...metadata, durationSeconds, clockRestarts: parts.length - 1, parts };
  }
  const durationSeconds = probed.durationSeconds ?? (await measureDuration(ffmpeg, chosen));
  if (durationSeconds !== null && durationSeconds > MAX_VIDEO_SECONDS) throw tooLong();
  const whole: VideoPart = {
    ...{ ...chosen, offsetSeconds: 0, startSeconds, durationSeconds: Infinity, seeking },
    keySeconds: parts[0]?.keySeconds ?? null,
  };
  return { ...metadata, durationSeconds, clockRestarts: 0, parts: [whole] };
}

/**
 * The parts of a stream between restarts of its clock. Ends at a part that cannot be read on its own, and after
 * MAX_PACKET_INDEX_MS.
 */
async function readParts(
  ffmpeg: Ffmpeg,
  file: VideoFile & Pick<VideoPart, 'seeking' | 'hdr'>,
  joined: readonly ByteRange[],
): Promise<readonly VideoPart[]> {
  const endMs = performance.now() + MAX_PACKET_INDEX_MS;
  const parts: VideoPart[] = [];
  let offsetSeconds = 0;
  for (const bytes of joined) {
    const limitMs = Math.ceil(endMs - performance.now());
    if (limitMs <= 0) break;
    const piece = joined.length > 1 ? { ...file, bytes } : file;
    const index = await indexPackets(ffmpeg, piece, limitMs);
    const runs = index.get(Number(file.stream))?.runs ?? [];
    const starts = await Promise.all(runs.map((run) => findRunStart(piece, run)));
    for (const [i, { startSeconds, endSeconds, keySeconds }] of runs.entries()) {
      const start = starts[i] ?? null;
      if (start === null) break;
      const durationSeconds = endSeconds - startSeconds;
      const range = { start, end: starts[i + 1] ?? bytes.end };
      parts.push({
        ...{ ...file, bytes: range, keySeconds },
        ...{ offsetSeconds, startSeconds, durationSeconds },
      });
      offsetSeconds += durationSeconds;
    }
  }
  return parts;
}

/** Only regular files with a known signature reach ffmpeg. */
async function readContainer(path: string) {
  // Opening a named pipe or a device could block forever.
  const { size, mtimeMs, ino } = await stat(path).then((status) =>
    status.isFile() ? status : Promise.reject(unsupportedFormat()),
  );
  if (size === 0) throw emptyFile();
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MEDIA_HEAD_BYTES));
    const container = sniffVideoContainer(buffer.subarray(0, bytesRead));
    if (container === null) throw unsupportedFormat();
    return { container, size, version: `${ino} ${size} ${mtimeMs}` };
  } finally {
    await handle.close();
  }
}

/** By ffmpeg's names. */
const HDR_TRANSFERS: Readonly<Partial<Record<string, HdrTransfer>>> = {
  smpte2084: 'pq',
  'arib-std-b67': 'hlg',
};

interface Headers extends Omit<VideoMetadata, 'clockRestarts'> {
  /** The container's clock at the start of the video. */
  readonly startSeconds: number;
  /** `null` if it is not known: ffmpeg's first video stream. */
  readonly streamIndex: number | null;
  readonly hdr: HdrTransfer | null;
}

/** @returns `null` if ffprobe fails. @throws NO_VIDEO_STREAM */
async function readHeaders(ffmpeg: Ffmpeg, file: VideoFile): Promise<Headers | null> {
  const probed = await runFfprobe(ffmpeg, file).catch(() => null);
  if (!probed) return null;
  const streams = listVideoStreams(probed.streams ?? []);
  const mustCount =
    streams.length > 1 && streams.some((stream) => statedFrames(stream) === undefined);
  const index = mustCount ? await indexPackets(ffmpeg, file, MAX_STREAM_COUNT_MS) : [];
  const counts = new Map([...index].map(([stream, { packets }]) => [stream, packets]));
  const stream = chooseStream(streams, counts);
  if (!stream) throw noVideoStream();
  return toHeaders(stream, probed);
}

function toHeaders(stream: ProbedStream, { format = {} }: ProbedHeaders): Headers {
  const startSeconds = toSeconds(format.start_time) ?? 0;
  const streamSeconds = toSeconds(stream.duration);
  // A stream may start later than the container and end earlier.
  const durationSeconds =
    streamSeconds === null
      ? toSeconds(format.duration)
      : (toSeconds(stream.start_time) ?? startSeconds) - startSeconds + streamSeconds;
  const [rate, rateBase] = (stream.avg_frame_rate ?? '').split('/').map(Number);
  const { width = 0, height = 0 } = stream;
  const rotation = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation;
  const isRotatedSideways = Math.abs(rotation ?? 0) % 180 === 90;
  return {
    startSeconds,
    streamIndex: stream.index ?? null,
    hdr: HDR_TRANSFERS[stream.color_transfer ?? ''] ?? null,
    durationSeconds: durationSeconds !== null && durationSeconds > 0 ? durationSeconds : null,
    ...(isRotatedSideways ? { width: height, height: width } : { width, height }),
    frameRate: toRate(rate, rateBase),
  };
}

/** @throws the errors of `toVideoError` */
async function readFirstFrame(ffmpeg: Ffmpeg, file: VideoFile): Promise<Headers> {
  const log = createLogParser();
  const output = ['-frames:v', '1', '-vf', log.filter, '-f', 'null'];
  const run = runFfmpeg(ffmpeg, file, { input: ['-copyts'], output, onLine: log.addLine });
  const failure = await run.ended;
  log.end();
  const frame = await log.nextFrame();
  if (!frame) throw toVideoError(`${failure?.message ?? ''}\n${log.recentLines()}`);
  const { width, height } = frame;
  return { ...log.header(), width, height, streamIndex: null, hdr: null };
}

/**
 * The duration in seconds of a video whose headers have none, such as a recorded live stream. Demuxes all packets and
 * decodes none.
 *
 * @returns `null` if the packets have no timestamps
 */
async function measureDuration(ffmpeg: Ffmpeg, file: VideoFile): Promise<number | null> {
  let seconds = 0;
  const run = runFfmpeg(ffmpeg, file, {
    input: [],
    output: ['-c', 'copy', '-f', 'null'],
    onLine(line) {
      const [, hours, minutes, rest] = /\btime=(\d+):(\d\d):(\d\d\.\d+)/.exec(line) ?? [];
      if (hours === undefined) return;
      seconds = Math.max(seconds, Number(hours) * 3600 + Number(minutes) * 60 + Number(rest));
    },
  });
  await run.ended;
  return seconds > 0 ? seconds : null;
}

function toSeconds(value: unknown): number | null {
  const seconds = typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;
  return Number.isFinite(seconds) ? seconds : null;
}
