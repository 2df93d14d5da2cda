import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { findFfmpeg } from '../../src/media/find-ffmpeg.js';

/** `null` on a machine without ffmpeg. */
export const ffmpeg = await findFfmpeg(process.env).catch(() => null);

/** Encodes a synthetic video and returns the file. @throws Error with the log of ffmpeg */
export function encode(path: string, source: string, options: readonly string[]): Buffer {
  const args = ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...options, path];
  const { status, stderr } = spawnSync(ffmpeg?.ffmpegPath ?? 'ffmpeg', args);
  if (status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${String(stderr)}`);
  return readFileSync(path);
}
