/**
 * Draws the sample videos from the Noto emoji artwork and writes what they show to clips.json. Needs an ffmpeg with
 * libx264 and libvpx-vp9. The videos are in the repository, so this is only needed to change them.
 *
 * Usage: npx tsx samples/draw-videos.ts
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';

import { encodeVideo, findEncoder } from '../test/evaluation/video-files.js';
import type { Motion } from '../test/evaluation/world.js';
import { type SampleScene, sceneSvg } from './scene-svg.js';

interface SampleVideo {
  readonly file: string;
  /** Purpose of the sample. It is shown to users. */
  readonly shows: string;
  readonly width: number;
  readonly height: number;
  /** In order, with hard cuts. */
  readonly shots: readonly Shot[];
}

/** One object that moves in front of a still background. */
interface Shot extends Pick<SampleScene, 'gradient' | 'runs'> {
  readonly object: string;
  readonly motion: Motion;
  /** Height of the object, as a share of the frame's height. */
  readonly side: number;
  /** The object's center at the start and the end, as shares of width and height. */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly isMirrored?: boolean;
}

const FRAMES_PER_SECOND = 12;
const SHOT_SECONDS = 2.5;
/** Share of a shot after which the object stops, so that the last sampled frame shows its final position. */
const MOTION_SHARE = 0.8;

const VIDEOS: readonly SampleVideo[] = [
  {
    file: 'rabbit-enters.webm',
    shows: 'VP9 in WebM: an animal enters',
    width: 240,
    height: 180,
    shots: [
      {
        ...{ object: 'rabbit', motion: 'enters', side: 0.55, isMirrored: true },
        ...{ from: [-0.23, 0.58], to: [0.58, 0.52] },
        ...{ gradient: ['#cfe8f5', '#9cc98f'], runs: 'down' },
      },
    ],
  },
  {
    file: 'rocket-rises.mp4',
    shows: 'H.264 in MP4, portrait: a movement from bottom to top',
    width: 180,
    height: 240,
    shots: [
      {
        ...{ object: 'rocket', motion: 'movesUp', side: 0.4 },
        ...{ from: [0.5, 0.78], to: [0.52, 0.22] },
        ...{ gradient: ['#33406b', '#7d8fc4'], runs: 'down' },
      },
    ],
  },
  {
    file: 'three-shots.mp4',
    shows: 'H.264 in MP4: three shots with hard cuts, for a WebVTT track',
    width: 240,
    height: 180,
    shots: [
      {
        ...{ object: 'bus', motion: 'movesRight', side: 0.5, isMirrored: true },
        ...{ from: [0.22, 0.6], to: [0.78, 0.58] },
        ...{ gradient: ['#d8e6ef', '#b3a996'], runs: 'down' },
      },
      {
        ...{ object: 'balloon', motion: 'movesUp', side: 0.5 },
        ...{ from: [0.45, 0.74], to: [0.47, 0.26] },
        ...{ gradient: ['#f7d9b5', '#f2b8c6'], runs: 'across' },
      },
      {
        ...{ object: 'turtle', motion: 'leaves', side: 0.5 },
        ...{ from: [0.6, 0.55], to: [-0.22, 0.57] },
        ...{ gradient: ['#5fa3a0', '#2f5f78'], runs: 'down' },
      },
    ],
  },
];

/** RGB of one frame. @param progress 0 at the start of the shot, 1 at its end */
async function drawFrame(video: SampleVideo, shot: Shot, progress: number): Promise<Uint8Array> {
  const { object: name, from, to, side, isMirrored = false, gradient, runs } = shot;
  const { width, height } = video;
  const x = from[0] + (to[0] - from[0]) * progress;
  const y = from[1] + (to[1] - from[1]) * progress;
  const objects = [{ name, x, y, side, isMirrored }];
  const svg = sceneSvg({ width, height, gradient, runs, objects });
  return sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
}

async function drawVideo(video: SampleVideo): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const count = FRAMES_PER_SECOND * SHOT_SECONDS;
  for (const shot of video.shots) {
    for (let number = 0; number < count; number++) {
      frames.push(await drawFrame(video, shot, Math.min(1, number / (count - 1) / MOTION_SHARE)));
    }
  }
  return frames;
}

const ffmpeg = await findEncoder();
if (ffmpeg === undefined)
  throw new Error(
    'No ffmpeg with libx264 and libvpx-vp9 was found. Install one, or set SALAMANDRA_FFMPEG.',
  );
const truth: object[] = [];
for (const video of VIDEOS) {
  const { file, shows, width, height, shots } = video;
  const path = fileURLToPath(new URL(file, import.meta.url));
  const frames = (await drawVideo(video)).map((data) => ({ width, height, data }));
  const format = file.endsWith('.webm') ? 'webm' : 'mp4';
  await encodeVideo(path, frames, { format, frameRate: FRAMES_PER_SECOND }, ffmpeg);
  const timed = shots.map(({ object, motion }, index) => ({
    ...{ startSeconds: index * SHOT_SECONDS, endSeconds: (index + 1) * SHOT_SECONDS },
    ...{ object, motion },
  }));
  truth.push({ file, shows, width, height, shots: timed });
  const { length } = await readFile(path);
  console.log(`${file}: ${frames.length} frames (${Math.ceil(length / 1024)} kB)`);
}
await writeFile(new URL('clips.json', import.meta.url), `${JSON.stringify(truth, null, 2)}\n`);
