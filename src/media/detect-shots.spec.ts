import { readFileSync } from 'node:fs';

import {
  describeWithFfmpeg,
  encodeFrames,
  flatFrame,
  MPEG4,
  requireFfmpeg,
} from '../../test/videos/ffmpeg-videos.js';
import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { detectShots, type ShotDetectionOptions } from './detect-shots.js';
import { probeVideo } from './probe-video.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const RED = flatFrame(200, 20, 20);
const GREEN = flatFrame(20, 160, 20);
const BLUE = flatFrame(20, 20, 220);
const WHITE = flatFrame(230, 230, 230);

const repeat = (frame: Uint8Array, count: number) => Array.from({ length: count }, () => frame);

async function find(path: string, search: ShotDetectionOptions) {
  const video = await probeVideo(requireFfmpeg(), path);
  const shots = await detectShots(requireFfmpeg(), video, search);
  return shots.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);
}

describeWithFfmpeg('detectShots', () => {
  // Three hard cuts: at 1, 2.5 and 3.2 s.
  const frames = [
    ...repeat(RED, 10),
    ...repeat(GREEN, 15),
    ...repeat(BLUE, 7),
    ...repeat(WHITE, 8),
  ];
  let path: string;
  beforeAll(() => {
    path = folder.path('cuts.mp4');
    encodeFrames(path, frames);
  });

  it('detects hard cuts exactly to the frame', async () => {
    expect(await find(path, { maxShots: 10 })).toEqual([
      [0, 1],
      [1, 2.5],
      [2.5, 3.2],
      [3.2, 4],
    ]);
  });

  it('keeps the boundaries with the largest difference above maxShots', async () => {
    // The difference between red and green is the smallest.
    expect(await find(path, { maxShots: 3 })).toEqual([
      [0, 2.5],
      [2.5, 3.2],
      [3.2, 4],
    ]);
    expect(await find(path, { maxShots: 1 })).toEqual([[0, 4]]);
  });

  it('detects shots within a range only', async () => {
    const range = { startSeconds: 1.5, endSeconds: 3 };

    expect(await find(path, { range, maxShots: 10 })).toEqual([
      [1.5, 2.5],
      [2.5, 3],
    ]);
  });

  it('rejects a range after the end', async () => {
    const range = { startSeconds: 5, endSeconds: null };

    await expect(find(path, { range, maxShots: 10 })).rejects.toMatchObject({
      code: 'NO_DECODABLE_FRAME',
    });
  });

  it('detects the cuts of joined files', async () => {
    const files = [RED, WHITE].map((color, i) => {
      const file = folder.path(`part-${i}.mkv`);
      encodeFrames(file, repeat(color, 10));
      return readFileSync(file);
    });
    const joined = folder.write('joined.mkv', Buffer.concat(files));

    expect(await find(joined, { maxShots: 10 })).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it('detects one shot in a still video', async () => {
    const still = folder.path('still.mp4');
    encodeFrames(still, repeat(GREEN, 20));

    expect(await find(still, { maxShots: 10 })).toEqual([[0, 2]]);
  });

  it('uses key frames in a long video', async () => {
    const long = folder.path('minutes.mp4');
    // One frame every 2 s, one key frame every 8 s.
    const slow = ['-vf', 'setpts=20*PTS', '-r', '0.5', '-g', '4', '-sc_threshold', '1000000000'];
    encodeFrames(long, [...repeat(RED, 40), ...repeat(WHITE, 80)], [...MPEG4, ...slow]);
    const shots = await find(long, { maxShots: 10 });

    expect(shots).toHaveLength(2);
    expect(shots[0]?.[1]).toBeGreaterThanOrEqual(80);
    expect(shots[0]?.[1]).toBeLessThanOrEqual(88);
  });

  it('seeks in a video of several hours', async () => {
    const hours = folder.path('hours.mp4');
    const slow = ['-vf', 'setpts=600*PTS', '-r', '1/60', '-g', '4'];
    encodeFrames(hours, [...repeat(RED, 40), ...repeat(WHITE, 80)], [...MPEG4, ...slow]);
    const shots = await find(hours, { maxShots: 10 });

    expect(shots).toHaveLength(2);
    expect(shots[0]?.[1]).toBeGreaterThanOrEqual(2_400);
    // Tolerance: a group of pictures and the distance of two seeks. A busy machine seeks less often.
    expect(shots[0]?.[1]).toBeLessThanOrEqual(2_400 + 240 + 7_200 / 16);
    expect(shots[1]?.[1]).toBeCloseTo(7_200, -2);
  });
});
