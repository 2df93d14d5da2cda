import { open, stat } from 'node:fs/promises';

import { MAX_VIDEO_PIXELS, MAX_VIDEO_SECONDS } from '../config/limits.js';
import { createLogParser, toRate } from './ffmpeg-log.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { type VideoFile, runFfmpeg, runFfprobe } from './run-ffmpeg.js';
import { emptyFile, sniffVideoContainer, unsupportedFormat } from './sniff-media.js';
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
}

export interface ProbedVideo extends VideoFile, VideoMetadata {
  /** The container's clock at the start of the video. */
  readonly startSeconds: number;
  /** `searched` if the container has no index: a seek may land after its target. */
  readonly seeking: 'indexed' | 'searched';
}

/** Containers without an index. */
const SEARCHED_CONTAINERS: ReadonlySet<VideoContainer> = new Set<VideoContainer>([
  'mpegts',
  'mpeg',
]);

/**
 * Reads the headers of an untrusted video file and checks them against the limits.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_CORRUPT, NO_VIDEO_STREAM, UNSUPPORTED_CODEC, MEDIA_TOO_LARGE
 */
export async function probeVideo(ffmpeg: Ffmpeg, path: string): Promise<ProbedVideo> {
  const file = { path, container: await readContainer(path) };
  // ffprobe also fails on an audio or subtitle codec that is not allowed. Then the first frame decides.
  const probed = (await readHeaders(ffmpeg, file)) ?? (await readFirstFrame(ffmpeg, file));
  if (probed.width * probed.height > MAX_VIDEO_PIXELS) throw tooManyPixels();
  const durationSeconds = probed.durationSeconds ?? (await measureDuration(ffmpeg, file));
  if (durationSeconds !== null && durationSeconds > MAX_VIDEO_SECONDS) throw tooLong();
  const seeking = SEARCHED_CONTAINERS.has(file.container) ? 'searched' : 'indexed';
  return { ...file, ...probed, durationSeconds, seeking };
}

/** Only regular files with a known signature reach ffmpeg. */
async function readContainer(path: string): Promise<VideoContainer> {
  // Opening a named pipe or a device could block forever.
  const { size } = await stat(path).then((status) =>
    status.isFile() ? status : Promise.reject(unsupportedFormat(new Uint8Array())),
  );
  if (size === 0) throw emptyFile();
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MEDIA_HEAD_BYTES));
    const head = buffer.subarray(0, bytesRead);
    const container = sniffVideoContainer(head);
    if (container === null) throw unsupportedFormat(head);
    return container;
  } finally {
    await handle.close();
  }
}

type Headers = Omit<ProbedVideo, keyof VideoFile | 'seeking'>;

/** @returns `null` if ffprobe fails. @throws NO_VIDEO_STREAM */
async function readHeaders(ffmpeg: Ffmpeg, file: VideoFile): Promise<Headers | null> {
  const probed = await runFfprobe(ffmpeg, file).catch(() => null);
  if (probed === null) return null;
  const stream = probed.streams.find(
    ({ codec_type, disposition }) => codec_type === 'video' && disposition?.attached_pic !== 1,
  );
  if (!stream) throw noVideoStream();
  const { format } = probed;
  const startSeconds = toSeconds(format.start_time) ?? 0;
  const streamSeconds = toSeconds(stream.duration);
  // A stream may start later than the container and end earlier.
  const durationSeconds =
    streamSeconds === null
      ? toSeconds(format.duration)
      : (toSeconds(stream.start_time) ?? startSeconds) - startSeconds + streamSeconds;
  const [rate, rateBase] = (stream.avg_frame_rate ?? '').split('/').map(Number);
  const { width = 0, height = 0 } = stream;
  const isRotatedSideways = Math.abs(Number(stream.rotation ?? 0)) % 180 === 90;
  return {
    startSeconds,
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
  return { ...log.header(), width, height };
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
