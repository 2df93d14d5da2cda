import { join } from 'node:path';

import { jest } from '@jest/globals';

import { describeWithFfmpeg } from '../videos/ffmpeg-videos.js';
import { readLines, run } from './run-cli.js';

jest.setTimeout(300_000);

const SAMPLES = join(import.meta.dirname, '../../samples');
const clip = join(SAMPLES, 'rabbit-enters.webm');
const threeShots = join(SAMPLES, 'three-shots.mp4');

describeWithFfmpeg('the command line with videos', () => {
  it('captions a video and prints the times of the sampled frames', async () => {
    const args = ['caption', clip, '--frames', '4', '--start', '0.5', '--end', '2', '--json'];
    const { code, stdout } = await run(args);

    expect(code).toBe(0);
    expect(readLines(stdout)).toMatchObject([
      {
        media: {
          kind: 'video',
          width: 240,
          height: 180,
          duration_seconds: 2.5,
          frames_requested: 4,
        },
        results: [{ language: 'en', kind: 'caption', finish_reason: 'stop' }],
      },
    ]);
    const [{ media }] = readLines(stdout) as [{ media: { frames: number[] } }];
    expect(media.frames).toHaveLength(4);
    expect(Math.min(...media.frames)).toBeGreaterThanOrEqual(0.4);
    expect(Math.max(...media.frames)).toBeLessThan(2);
  });

  it('captions shots and intervals', async () => {
    const shots = await run([
      'caption',
      threeShots,
      '--by',
      'shot',
      '--languages',
      'ca,es',
      '--json',
    ]);
    const intervals = await run(['caption', threeShots, '--by', 'interval', '--interval', '4']);

    expect([shots.code, intervals.code]).toEqual([0, 0]);
    expect(readLines(shots.stdout)).toMatchObject([
      { start: 0, end: 2.5, texts: { ca: expect.any(String) as string } },
      { start: 2.5, end: 5 },
      { start: 5, end: 7.5 },
    ]);
    expect(intervals.stdout).toMatch(
      /^\S+three-shots\.mp4\t0\.000\t4\.000\ten\t.+\n\S+\t4\.000\t7\.500\ten\t.+\n$/,
    );
  });

  it('writes a WebVTT track', async () => {
    const args = ['caption', threeShots, '--by', 'shot', '--format', 'vtt', '--languages', 'ca'];
    const { code, stdout } = await run(args);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^WEBVTT\nKind: descriptions\nLanguage: ca\n\n/);
    expect(stdout.match(/^\d\d:\d\d:\d\d\.\d{3} --> .*\n.+$/gm)).toHaveLength(3);
  });
});

it('reports that videos need ffmpeg if it is missing, and captions the images', async () => {
  const env = { SALAMANDRA_FFMPEG: '/absent/ffmpeg' };
  const { code, stdout, stderr } = await run(['caption', clip, join(SAMPLES, 'fox.png')], { env });

  expect(code).toBe(3);
  expect(stderr).toContain('ffmpeg');
  expect(stdout).toMatch(/^\S+fox\.png\ten\tcaption\t.*\n$/);
});
