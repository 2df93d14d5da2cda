import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { findFfmpeg } from '../../src/media/find-ffmpeg.js';
import type { Pixels } from './draw-scene.js';

const run = promisify(execFile);

/** The suffix of the files of `writeFrames`. The worker of the evaluation reads them without a codec. */
export const FRAMES_SUFFIX = '.frames';

/** The usual encodings of videos: those of phones and cameras, and those of browsers. */
export const VIDEO_FORMATS = ['mp4', 'webm'] as const;
export type VideoFormat = (typeof VIDEO_FORMATS)[number];

const ENCODERS: Readonly<Record<VideoFormat, readonly string[]>> = {
  mp4: ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p'],
  webm: [
    '-c:v',
    'libvpx-vp9',
    '-deadline',
    'realtime',
    '-cpu-used',
    '6',
    '-b:v',
    '0',
    '-crf',
    '24',
    '-pix_fmt',
    'yuv420p',
  ],
};

/** The path of ffmpeg. Undefined if it lacks the encoders, which the service does not need. */
export async function findEncoder(): Promise<string | undefined> {
  try {
    const { ffmpegPath } = await findFfmpeg(process.env);
    const { stdout } = await run(ffmpegPath, ['-hide_banner', '-encoders']);
    return /\blibx264\b/.test(stdout) && /\blibvpx-vp9\b/.test(stdout) ? ffmpegPath : undefined;
  } catch {
    return undefined;
  }
}

/** Writes uncompressed frames: width, height and number as uint32, little-endian, then RGB bytes. */
export async function writeFrames(path: string, frames: readonly Pixels[]): Promise<void> {
  const { width, height } = sizeOf(frames);
  const header = Buffer.from(Uint32Array.of(width, height, frames.length).buffer);
  await writeFile(path, Buffer.concat([header, ...frames.map(({ data }) => data)]));
}

/**
 * Encodes frames as a video with ffmpeg.
 *
 * @throws Error if ffmpeg fails, for example because it lacks the encoder.
 */
export async function encodeVideo(
  path: string,
  frames: readonly Pixels[],
  { format, frameRate }: { readonly format: VideoFormat; readonly frameRate: number },
  ffmpeg: string,
): Promise<void> {
  const { width, height } = sizeOf(frames);
  const args = [
    ...['-hide_banner', '-loglevel', 'error', '-y'],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`],
    ...['-r', String(frameRate), '-i', 'pipe:0'],
    // Both codecs use 4:2:0 chroma subsampling, so the sides must be even.
    ...['-vf', 'crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0', ...ENCODERS[format]],
    // With one thread and without date and version, the same frames give the same bytes.
    ...['-threads', '1', '-fflags', '+bitexact', '-flags:v', '+bitexact', path],
  ];
  const child = spawn(ffmpeg, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.concat(frames.map(({ data }) => data)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg exited with ${code}: ${complaint}`);
}

function sizeOf(frames: readonly Pixels[]): Pixels {
  const [first] = frames;
  if (!first) throw new RangeError('A video must have at least one frame.');
  return first;
}
