import {
  MAX_PACKET_INDEX_MS,
  MAX_STREAM_COUNT_MS,
  MAX_VIDEO_PIXELS,
  MAX_VIDEO_SECONDS,
} from '../config/limits.js';
import { type Animation, readAnimation } from './animation/read-animation.js';
import { withSource } from './byte-source.js';
import { chooseStream, listVideoStreams, statedFrames } from './choose-stream.js';
import { createLogParser, toRate } from './ffmpeg-log.js';
import { isDecoderKilled } from './decoder-killed.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { findRunStart, indexPackets } from './index-packets.js';
import { type ByteRange, findJoinedFiles } from './joined-files.js';
import {
  type ProbedHeaders,
  type ProbedStream,
  type VideoFile,
  listPackets,
  runFfmpeg,
  runFfprobe,
} from './run-ffmpeg.js';
import { readClipKind } from './read-clip-kind.js';
import type { HdrTransfer } from './tone-map.js';
import { noVideoStream, stillImage, tooLong, tooManyPixels, toVideoError } from './video-errors.js';
import { ELEMENTARY_STREAMS, type VideoContainer } from './video-formats.js';

/** Video properties from the file headers. */
export interface VideoMetadata {
  /** From the start to the end of the video stream; `null` if neither the headers nor the packets give it. */
  readonly durationSeconds: number | null;
  /** Size of the upright frames, with square pixels. */
  readonly width: number;
  readonly height: number;
  /** Average frames per second; `null` if the headers do not have it. */
  readonly frameRate: number | null;
  /** How often the clock of the file starts again, as in joined files. The time of the video goes on. */
  readonly clockRestarts: number;
  /** Timecode of the first frame (SMPTE ST 12-1), with `;` before the frames if it drops frames; `null` without one. */
  readonly timecode: string | null;
}

/** A part of a video with a continuous clock, which ffmpeg reads as a file of its own. */
export interface VideoPart extends VideoFile {
  /** Time of the video at which the part starts. */
  readonly offsetSeconds: number;
  /** The container's clock at the start of the part. */
  readonly startSeconds: number;
  /** Infinity if it is not known, or for the only part. */
  readonly durationSeconds: number;
  /**
   * - `searched`: the container has no index, and a seek may land after its target
   * - `none`: the container has no timestamps, and is decoded from its start
   */
  readonly seeking: 'indexed' | 'searched' | 'none';
  /** ffmpeg's filters that every decoded frame passes before frames are selected. */
  readonly sourceFilters: readonly string[];
  /** The filter that makes pixels square, after frames are selected; `null` if they are. */
  readonly squareFilter: string | null;
  /** Transfer function of HDR videos, whose frames are tone-mapped; `null` for SDR. */
  readonly hdr: HdrTransfer | null;
  /** Times of the key frames on the container's clock, ascending; `null` if the packets were not read. */
  readonly keySeconds: readonly number[] | null;
}

export interface ProbedVideo extends VideoMetadata {
  /** In order of time. More than one if the clock restarts. Empty for an animation. */
  readonly parts: readonly VideoPart[];
  /** `null` for files that ffmpeg reads. */
  readonly animation: AnimationFile | null;
}

/** An image file with several frames. */
export interface AnimationFile extends Animation {
  readonly path: string;
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
  const { kind, size, version } = await readClipKind(path);
  const key = `${version} ${path}`;
  const known = recentVideos.get(key);
  if (known) return known;
  const video =
    kind === 'animation'
      ? await probeAnimation(path)
      : await probeFile(ffmpeg, { path, container: kind, stream: 'V:0' }, size);
  if (recentVideos.size >= MAX_RECENT_VIDEOS) recentVideos.clear();
  recentVideos.set(key, video);
  return video;
}

/** Segments of a video are sampled one after another: its headers and packets are read once per process. */
const recentVideos = new Map<string, ProbedVideo>();
const MAX_RECENT_VIDEOS = 8;

/** @throws UNSUPPORTED_MEDIA_TYPE for a still image, MEDIA_TOO_LARGE, MEDIA_CORRUPT */
async function probeAnimation(path: string): Promise<ProbedVideo> {
  const animation = await withSource({ path }, (source) => Promise.resolve(readAnimation(source)));
  if (!animation) throw stillImage();
  const { width, height, durationSeconds } = animation;
  return {
    ...{ width, height, durationSeconds, frameRate: null, clockRestarts: 0, timecode: null },
    ...{ parts: [], animation: { ...animation, path } },
  };
}

async function probeFile(ffmpeg: Ffmpeg, file: VideoFile, size: number): Promise<ProbedVideo> {
  // ffprobe also fails on an audio or subtitle codec that is not allowed. Then the first frame decides.
  const probed = (await readHeaders(ffmpeg, file)) ?? (await readFirstFrame(ffmpeg, file));
  if (probed.width * probed.height > MAX_VIDEO_PIXELS) throw tooManyPixels();
  const { startSeconds, streamIndex, hdr, isInterlaced, squareFilter, ...metadata } = probed;
  const isElementary = ELEMENTARY_STREAMS.has(file.container);
  const sourceFilters = [
    // Without timestamps, a frame's number tells its time.
    ...(isElementary ? [`setpts=N/(${probed.frameRate ?? FALLBACK_FRAME_RATE}*TB)`] : []),
    // Only frames that are marked as interlaced are changed.
    ...(isInterlaced && ffmpeg.deinterlacer
      ? [`${ffmpeg.deinterlacer}=mode=send_frame:deint=interlaced`]
      : []),
  ];
  const chosen = {
    ...file,
    hdr,
    sourceFilters,
    squareFilter,
    ...(streamIndex !== null && { stream: String(streamIndex) }),
  };
  if (isElementary) {
    const durationSeconds = await countSeconds(ffmpeg, file, probed.frameRate);
    if (durationSeconds > MAX_VIDEO_SECONDS) throw tooLong();
    const whole: VideoPart = {
      ...{ ...chosen, offsetSeconds: 0, startSeconds: 0, durationSeconds: Infinity },
      ...{ seeking: 'none', keySeconds: null },
    };
    return { ...metadata, durationSeconds, clockRestarts: 0, parts: [whole], animation: null };
  }
  const seeking = SEARCHED_CONTAINERS.has(file.container) ? 'searched' : 'indexed';
  const joined = await findJoinedFiles(file.path, file.container, size);
  const hasIndex = streamIndex !== null && (seeking === 'searched' || joined.length > 1);
  const parts = hasIndex ? await readParts(ffmpeg, { ...chosen, seeking }, joined) : [];
  const last = parts.at(-1);
  if (last && parts.length > 1) {
    const durationSeconds = last.offsetSeconds + last.durationSeconds;
    if (durationSeconds > MAX_VIDEO_SECONDS) throw tooLong();
    return {
      ...metadata,
      durationSeconds,
      clockRestarts: parts.length - 1,
      parts,
      animation: null,
    };
  }
  // Without an index, headers are an estimate from the ends of the file.
  const [only] = parts;
  const indexedSeconds = only ? only.startSeconds + only.durationSeconds - startSeconds : 0;
  const statedSeconds = Math.max(probed.durationSeconds ?? 0, indexedSeconds);
  const durationSeconds = statedSeconds || (await measureDuration(ffmpeg, chosen));
  if (durationSeconds !== null && durationSeconds > MAX_VIDEO_SECONDS) throw tooLong();
  const whole: VideoPart = {
    ...{ ...chosen, offsetSeconds: 0, startSeconds, durationSeconds: Infinity, seeking },
    keySeconds: parts[0]?.keySeconds ?? null,
  };
  return { ...metadata, durationSeconds, clockRestarts: 0, parts: [whole], animation: null };
}

/** For elementary streams without a frame rate. */
const FALLBACK_FRAME_RATE = 25;

/** The duration of an elementary stream, from the number of its packets: one per frame. */
async function countSeconds(
  ffmpeg: Ffmpeg,
  file: VideoFile,
  frameRate: number | null,
): Promise<number> {
  let packets = 0;
  await listPackets(ffmpeg, file, MAX_PACKET_INDEX_MS, () => {
    packets += 1;
    return undefined;
  });
  return packets / (frameRate ?? FALLBACK_FRAME_RATE);
}

/**
 * The parts of a stream between restarts of its clock. Ends at a part that cannot be read on its own, and after
 * MAX_PACKET_INDEX_MS.
 */
async function readParts(
  ffmpeg: Ffmpeg,
  file: Omit<VideoPart, keyof PartTimes>,
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

/** By ffmpeg's names. */
const HDR_TRANSFERS: Readonly<Partial<Record<string, HdrTransfer>>> = {
  smpte2084: 'pq',
  'arib-std-b67': 'hlg',
};

/** What only ffprobe reads. */
const UNKNOWN = {
  ...{ streamIndex: null, hdr: null, isInterlaced: false, squareFilter: null, timecode: null },
} as const;

type PartTimes = Pick<
  VideoPart,
  'bytes' | 'offsetSeconds' | 'startSeconds' | 'durationSeconds' | 'keySeconds'
>;

interface Headers extends Omit<VideoMetadata, 'clockRestarts'> {
  /** The container's clock at the start of the video. */
  readonly startSeconds: number;
  /** `null` if it is not known: ffmpeg's first video stream. */
  readonly streamIndex: number | null;
  readonly isInterlaced: boolean;
  readonly squareFilter: string | null;
  readonly hdr: HdrTransfer | null;
}

/** @returns `null` if ffprobe fails. @throws NO_VIDEO_STREAM, SERVER_UNAVAILABLE */
async function readHeaders(ffmpeg: Ffmpeg, file: VideoFile): Promise<Headers | null> {
  const probed = await runFfprobe(ffmpeg, file).catch((error: unknown) => {
    if (isDecoderKilled(error)) throw error;
    return null;
  });
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
  const { tags } = format;
  const startSeconds = toSeconds(format.start_time) ?? 0;
  const streamSeconds = toSeconds(stream.duration);
  // A stream may start later than the container and end earlier.
  const durationSeconds =
    streamSeconds === null
      ? toSeconds(format.duration)
      : (toSeconds(stream.start_time) ?? startSeconds) - startSeconds + streamSeconds;
  const [rate, rateBase] = (stream.avg_frame_rate ?? '').split('/').map(Number);
  const rotation = stream.side_data_list?.find((data) => data.rotation !== undefined)?.rotation;
  const isRotatedSideways = Math.abs(rotation ?? 0) % 180 === 90;
  const { width: storedWidth = 0, height: storedHeight = 0 } = stream;
  const { width, height, squareFilter } = squarePixels(
    isRotatedSideways
      ? { width: storedHeight, height: storedWidth }
      : { width: storedWidth, height: storedHeight },
    readAspectRatio(stream.sample_aspect_ratio, isRotatedSideways),
  );
  return {
    startSeconds,
    streamIndex: stream.index ?? null,
    hdr: HDR_TRANSFERS[stream.color_transfer ?? ''] ?? null,
    isInterlaced: /^[tb]{2}$/.test(stream.field_order ?? ''),
    timecode: readTimecode(stream.tags?.timecode ?? tags?.timecode),
    durationSeconds: durationSeconds !== null && durationSeconds > 0 ? durationSeconds : null,
    ...{ width, height, squareFilter },
    frameRate: toRate(rate, rateBase),
  };
}

/** Width of a pixel divided by its height, in the upright frame. */
function readAspectRatio(text = '', isRotatedSideways: boolean): number {
  const [, width, height] = (/^(\d+):(\d+)$/.exec(text) ?? []).map(Number);
  const ratio = (width ?? 1) / (height ?? 1);
  // Files may state anything. Real pixels are at most a few times as wide as high.
  if (!(ratio >= 0.2 && ratio <= 5)) return 1;
  return isRotatedSideways ? 1 / ratio : ratio;
}

/** The size with square pixels: the height is kept. */
function squarePixels({ width, height }: Size, aspectRatio: number) {
  const squareWidth = Math.max(Math.round(width * aspectRatio), 1);
  if (squareWidth === width || squareWidth * height > MAX_VIDEO_PIXELS) {
    return { width, height, squareFilter: null };
  }
  return { width: squareWidth, height, squareFilter: `scale=${squareWidth}:${height},setsar=1` };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Tags are free text by the file's author: only `HH:MM:SS:FF` and `HH:MM:SS;FF` are taken. */
function readTimecode(tag = ''): string | null {
  return /^\d\d:[0-5]\d:[0-5]\d[:;]\d\d$/.test(tag) ? tag : null;
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
  return { ...log.header(), width, height, ...UNKNOWN };
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
