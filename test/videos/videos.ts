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

/** The ffmpeg of a spec under `describeWithFfmpeg`. */
export function requireFfmpeg(): Ffmpeg {
  if (!ffmpeg) throw new Error('This spec needs ffmpeg.');
  return ffmpeg;
}

export const CLIP_WIDTH = 64;
export const CLIP_HEIGHT = 48;

/** Every ffmpeg has this encoder. */
export const MPEG4 = ['-c:v', 'mpeg4', '-q:v', '2', '-pix_fmt', 'yuv420p'];

/** Encodes RGB frames of CLIP_WIDTH x CLIP_HEIGHT at 10 a second; `options` come after the input. */
export function encodeFrames(
  output: string,
  frames: readonly Uint8Array[],
  options: readonly string[] = MPEG4,
): void {
  const size = `${CLIP_WIDTH}x${CLIP_HEIGHT}`;
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', size, '-r', '10', '-i', 'pipe:0'];
  runEncoder([...input, ...options, output], Buffer.concat(frames));
}

/** Runs ffmpeg to make something. */
export function runEncoder(args: readonly string[], input?: Uint8Array): void {
  const { status, stderr } = spawnSync(requireFfmpeg().ffmpegPath, ['-v', 'error', '-y', ...args], {
    input,
  });
  if (status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${String(stderr)}`);
}

/** Frames that tell their number by their grey. */
export function numberedFrames(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => flatFrame(greyOf(i), greyOf(i), greyOf(i)));
}

export function flatFrame(red: number, green: number, blue: number): Uint8Array {
  const frame = new Uint8Array(CLIP_WIDTH * CLIP_HEIGHT * 3);
  for (let i = 0; i < frame.length; i += 3) frame.set([red, green, blue], i);
  return frame;
}

/** The number of a frame of `numberedFrames`. */
export function readNumber(data: Uint8Array): number {
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return Math.round((mean - greyOf(0)) / (greyOf(1) - greyOf(0)));
}

function greyOf(number: number): number {
  return 16 + number * 5;
}

/** Changes the bytes of a file. */
export function patchFile(from: string, to: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(to, change(readFileSync(from)));
}
