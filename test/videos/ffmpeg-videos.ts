import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

import { type Ffmpeg, findFfmpeg } from '../../src/media/find-ffmpeg.js';
import { describeWith, itWith } from '../setup/required-program.js';

/** `null` on a machine without ffmpeg. */
export const ffmpeg: Ffmpeg | null = await findFfmpeg(process.env).catch(() => null);

const FFMPEG = {
  name: 'ffmpeg',
  isInstalled: ffmpeg !== null,
  remedy: 'Install ffmpeg (Debian: apt-get install ffmpeg) or set SALAMANDRA_FFMPEG to its path.',
};

/** `describe` for specs that decode or encode videos. */
export const describeWithFfmpeg = describeWith(FFMPEG);
/** `it`, the same. */
export const itWithFfmpeg = itWith(FFMPEG);

/** The ffmpeg for a spec in `describeWithFfmpeg`. */
export function requireFfmpeg(): Ffmpeg {
  if (!ffmpeg) throw new Error('This spec needs ffmpeg. Put it in `describeWithFfmpeg`.');
  return ffmpeg;
}

export const VIDEO_WIDTH = 64;
export const VIDEO_HEIGHT = 48;

/** Encoder options that every ffmpeg build supports. */
export const MPEG4 = ['-c:v', 'mpeg4', '-q:v', '2', '-pix_fmt', 'yuv420p'];

/** Encodes RGB frames of VIDEO_WIDTH x VIDEO_HEIGHT at 10 frames per second. `options` are output options. */
export function encodeFrames(
  output: string,
  frames: readonly Uint8Array[],
  options: readonly string[] = MPEG4,
): void {
  const size = `${VIDEO_WIDTH}x${VIDEO_HEIGHT}`;
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', size, '-r', '10', '-i', 'pipe:0'];
  runEncoder([...input, ...options, output], Buffer.concat(frames));
}

/** Runs ffmpeg. Throws its log if it fails. */
export function runEncoder(args: readonly string[], input?: Uint8Array): void {
  const { status, stderr } = spawnSync(requireFfmpeg().ffmpegPath, ['-v', 'error', '-y', ...args], {
    input,
  });
  if (status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${String(stderr)}`);
}

/** Uniform frames whose gray level encodes their number. */
export function numberedFrames(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => flatFrame(grayOf(i), grayOf(i), grayOf(i)));
}

export function flatFrame(red: number, green: number, blue: number): Uint8Array {
  const frame = new Uint8Array(VIDEO_WIDTH * VIDEO_HEIGHT * 3);
  for (let i = 0; i < frame.length; i += 3) frame.set([red, green, blue], i);
  return frame;
}

/** Decodes the number of a frame of `numberedFrames`. */
export function readFrameNumber(data: Uint8Array): number {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return Math.round((mean - grayOf(0)) / (grayOf(1) - grayOf(0)));
}

function grayOf(number: number): number {
  return 16 + number * 5;
}

/** Copies a file with changed bytes. */
export function patchFile(from: string, to: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(to, change(readFileSync(from)));
}
