import { open, stat } from 'node:fs/promises';

import { MAX_VIDEO_PIXELS, MAX_VIDEO_SECONDS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createLogParser, toRate } from './ffmpeg-log.js';
import type { Ffmpeg } from './find-ffmpeg.js';
import { type ClipFile, runFfmpeg, runFfprobe } from './run-ffmpeg.js';
import { MEDIA_HEAD_BYTES, sniffVideoContainer, type VideoContainer } from './sniff-media.js';
import { tooLong, tooManyPixels, toVideoError, unsupportedContainer } from './video-errors.js';

/** What a clip's headers say. */
export interface VideoOutline {
  /** From the start of the clip to the end of its pictures; null where neither the file says nor its packets. */
  readonly durationSeconds: number | null;
  /** Pixels of the upright frames, as they are stored: where pixels are not square, they are not stretched. */
  readonly width: number;
  readonly height: number;
  /** Frames a second on average; null where the file does not say. */
  readonly frameRate: number | null;
}

export interface ProbedVideo extends ClipFile, VideoOutline {
  /** The container's time at the start of the clip. */
  readonly startSeconds: number;
  /** `searched` where the container has no index, and a seek may land after the time that was sought. */
  readonly seeking: 'indexed' | 'searched';
}

/** Containers that are streams of packets. */
const SEARCHED_CONTAINERS: ReadonlySet<VideoContainer> = new Set<VideoContainer>([
  'mpegts',
  'mpeg',
]);

/**
 * Reads the headers of an untrusted file and checks them against the limits.
 *
 * @throws SalamandraError MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_CORRUPT, NO_VIDEO_STREAM, UNSUPPORTED_CODEC, MEDIA_TOO_LARGE
 */
export async function probeVideo(ffmpeg: Ffmpeg, path: string): Promise<ProbedVideo> {
  const clip = { path, container: await readContainer(path) };
  // ffprobe fails as well on a sound or a subtitle it may not decode; a frame decides whether the picture is fine.
  const probed = (await readHeaders(ffmpeg, clip)) ?? (await readFirstFrame(ffmpeg, clip));
  if (probed.width * probed.height > MAX_VIDEO_PIXELS) throw tooManyPixels();
  const durationSeconds = probed.durationSeconds ?? (await measureDuration(ffmpeg, clip));
  if (durationSeconds !== null && durationSeconds > MAX_VIDEO_SECONDS) throw tooLong();
  const seeking = SEARCHED_CONTAINERS.has(clip.container) ? 'searched' : 'indexed';
  return { ...clip, ...probed, durationSeconds, seeking };
}

/** ffmpeg gets to see nothing but plain files that start like one of its containers. */
async function readContainer(path: string): Promise<VideoContainer> {
  // Opening a pipe or a device could wait for ever.
  const { size } = await stat(path).then((found) =>
    found.isFile() ? found : Promise.reject(unsupportedContainer()),
  );
  if (size === 0) throw new SalamandraError('MEDIA_EMPTY', 'The file is empty.');
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MEDIA_HEAD_BYTES));
    const container = sniffVideoContainer(buffer.subarray(0, bytesRead));
    if (container === null) throw unsupportedContainer();
    return container;
  } finally {
    await file.close();
  }
}

type Headers = Omit<ProbedVideo, keyof ClipFile | 'seeking'>;

/** null where ffprobe does not get through. @throws NO_VIDEO_STREAM */
async function readHeaders(ffmpeg: Ffmpeg, clip: ClipFile): Promise<Headers | null> {
  const found = await runFfprobe(ffmpeg, clip).catch(() => null);
  if (found === null) return null;
  const stream = found.streams.find(
    ({ codec_type, disposition }) => codec_type === 'video' && disposition?.attached_pic !== 1,
  );
  if (!stream) throw toVideoError('matches no streams');
  const { format } = found;
  const startSeconds = toSeconds(format.start_time) ?? 0;
  const streamSeconds = toSeconds(stream.duration);
  // A stream may start after the container does, and end long before it.
  const durationSeconds =
    streamSeconds === null
      ? toSeconds(format.duration)
      : (toSeconds(stream.start_time) ?? startSeconds) - startSeconds + streamSeconds;
  const [rate, rateBase] = (stream.avg_frame_rate ?? '').split('/').map(Number);
  const { width = 0, height = 0 } = stream;
  const isOnItsSide = Math.abs(Number(stream.rotation ?? 0)) % 180 === 90;
  return {
    startSeconds,
    durationSeconds: durationSeconds !== null && durationSeconds > 0 ? durationSeconds : null,
    ...(isOnItsSide ? { width: height, height: width } : { width, height }),
    frameRate: toRate(rate, rateBase),
  };
}

/** @throws the media codes */
async function readFirstFrame(ffmpeg: Ffmpeg, clip: ClipFile): Promise<Headers> {
  const log = createLogParser();
  const output = ['-frames:v', '1', '-vf', log.filter, '-f', 'null'];
  const run = runFfmpeg(ffmpeg, clip, { input: ['-copyts'], output, onLine: log.add });
  const failure = await run.ended;
  log.end();
  const frame = await log.nextFrame();
  if (!frame) throw toVideoError(`${failure?.message ?? ''}\n${log.text()}`);
  const { width, height } = frame;
  return { ...log.header(), width, height };
}

/**
 * Seconds of a clip that does not say, such as a recording of a live stream: its packets are read and none decoded. null
 * where they tell no time.
 */
async function measureDuration(ffmpeg: Ffmpeg, clip: ClipFile): Promise<number | null> {
  let seconds = 0;
  const run = runFfmpeg(ffmpeg, clip, {
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
