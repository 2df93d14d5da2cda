import { spawnSync } from 'node:child_process';

import { type Ffmpeg, findFfmpeg } from '../../src/media/find-ffmpeg.js';

export const FFMPEG: Ffmpeg = await findFfmpeg(process.env);

/** Runs ffmpeg, and returns its output. Throws its log if it fails. */
export function runReference(args: readonly string[], input?: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync(
    FFMPEG.ffmpegPath,
    ['-v', 'error', '-y', '-bitexact', ...args],
    { input, maxBuffer: 2 ** 29 },
  );
  if (status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${String(stderr)}`);
  return stdout;
}

/** Conversion to RGB without shortcuts. */
export const TO_RGB = [
  ...['-sws_flags', 'accurate_rnd+full_chroma_int+bicubic'],
  ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
];
