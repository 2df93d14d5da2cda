import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  type FlatFrame,
  type PngPatch,
  writeAnimatedPng,
  writeAnimation,
} from '../../../test/media/write-animation.js';
import { createRandom } from '../../decoder/sampling/random.js';
import {
  describeWithFfmpeg,
  itWithFfmpeg,
  requireFfmpeg,
} from '../../../test/videos/ffmpeg-videos.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { memorySource } from '../byte-source.js';
import { detectShots } from '../detect-shots.js';
import type { FrameSampling } from '../frame-sampling.js';
import { probeVideo } from '../probe-video.js';
import { sampleFrames } from '../sample-frames.js';
import { isAnimationFile, readAnimation } from './read-animation.js';

const FRAMES: readonly FlatFrame[] = [
  { color: [255, 0, 0], delayMs: 300 },
  { color: [0, 255, 0], delayMs: 50 },
  { color: [0, 0, 255], delayMs: 2_000 },
  // Shown for 100 ms, as in browsers.
  { color: [255, 255, 0], delayMs: 10 },
];
const STARTS = [0, 0.3, 0.35, 2.35];
const DURATION = 2.45;

const patch = (part: Partial<PngPatch>): PngPatch => ({
  ...{ rgba: [255, 0, 0, 255], left: 0, top: 0, width: 4, height: 4 },
  ...{ delayMs: 100, dispose: 0, blend: 0 },
  ...part,
});

const PNG = () =>
  writeAnimatedPng(
    4,
    4,
    FRAMES.map(({ color: [red, green, blue], delayMs }) =>
      patch({ rgba: [red, green, blue, 255], delayMs }),
    ),
  );

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animation-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function store(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'animation');
  await writeFile(path, bytes);
  return path;
}

async function sample(bytes: Uint8Array, sampling: FrameSampling) {
  const sampled = await sampleFrames(requireFfmpeg(), await store(bytes), sampling, 64);
  const frames = [];
  for await (const { timestampSeconds, data, width, height } of sampled.frames) {
    frames.push({ timestampSeconds, color: [...data.subarray(0, 3)], width, height });
  }
  return frames;
}

describe('readAnimation', () => {
  it.each([
    ['gif', () => writeAnimation('gif', FRAMES)],
    ['webp', () => writeAnimation('webp', FRAMES)],
    ['png', () => Promise.resolve(PNG())],
  ] as const)('reads the delays of %s', async (format, write) => {
    const bytes = await write();
    expect(readAnimation(memorySource(bytes))).toMatchObject({
      format,
      startSeconds: STARTS,
      durationSeconds: DURATION,
    });
    expect(await isAnimationFile({ bytes })).toBe(true);
  });

  it.each([
    ['gif', () => writeAnimation('gif', FRAMES.slice(0, 1))],
    ['webp', () => writeAnimation('webp', FRAMES.slice(0, 1))],
    ['png', () => Promise.resolve(writeAnimatedPng(4, 4, [patch({})]))],
  ] as const)('reads no animation from a %s of one frame', async (_, write) => {
    const bytes = await write();
    expect(readAnimation(memorySource(bytes))).toBeNull();
    expect(await isAnimationFile({ bytes })).toBe(false);
  });
});

describeWithFfmpeg('animations as clips', () => {
  it.each([
    ['gif', () => writeAnimation('gif', FRAMES)],
    ['webp', () => writeAnimation('webp', FRAMES)],
    ['png', () => Promise.resolve(PNG())],
  ])('give the frames on show at their times: %s', async (_, write) => {
    const bytes = await write();
    const every = await sample(bytes, { mode: 'uniform', frames: { count: 49 } });
    expect(every.map(({ timestampSeconds }) => timestampSeconds)).toEqual(STARTS);
    expect(every.map(({ color }) => color)).toEqual(FRAMES.map(({ color }) => color));

    // At 0, 0.6125, 1.225 and 1.8375 s: the second frame is not on show at any of them.
    const four = await sample(bytes, { mode: 'uniform', frames: { count: 4 } });
    expect(four.map(({ timestampSeconds }) => timestampSeconds)).toEqual([0, 0.35]);

    const range = { startSeconds: 2.4, endSeconds: null };
    const late = await sample(bytes, { mode: 'uniform', frames: { count: 2 }, range });
    expect(late).toMatchObject([{ timestampSeconds: 2.35, color: [255, 255, 0] }]);
  });

  it('come from AVIF sequences through ffmpeg', async () => {
    // Written by `make_images.py`: two frames of 0.1 s each.
    const bytes = await readFile(
      new URL('../../../test/golden/images/sequence.avif', import.meta.url),
    );
    expect(await isAnimationFile({ bytes })).toBe(true);
    const frames = await sample(bytes, { mode: 'uniform', frames: { count: 8 } });
    expect(frames.map(({ timestampSeconds }) => timestampSeconds)).toEqual([0, 0.1]);
    // The second frame is the negative of the first.
    const sums = [0, 1, 2].map((at) => (frames[0]?.color[at] ?? 0) + (frames[1]?.color[at] ?? 0));
    for (const sum of sums) expect(Math.abs(sum - 255)).toBeLessThanOrEqual(8);
  });

  it('are split into shots', async () => {
    const frames = Array.from({ length: 12 }, (_, index): FlatFrame => ({
      color: index < 6 ? [255 - index, 0, 0] : [0, 0, 255 - index],
      delayMs: 500,
    }));
    const path = await store(await writeAnimation('gif', frames));
    const video = await probeVideo(requireFfmpeg(), path);
    const shots = await detectShots(requireFfmpeg(), video, { maxShots: 4 });
    expect(shots).toEqual([
      { startSeconds: 0, endSeconds: 3 },
      { startSeconds: 3, endSeconds: 6 },
    ]);
  });

  it('draw PNG frames over, in place of, and instead of those before', async () => {
    const over = { left: 0, top: 0, width: 2, height: 2, blend: 1 };
    const frames = await sample(
      writeAnimatedPng(4, 4, [
        patch({ rgba: [200, 100, 0, 255] }),
        // Half of blue over it, and then as before.
        patch({ ...over, rgba: [0, 0, 200, 128], dispose: 2 }),
        // Half of blue in its place, on white, and then nothing.
        patch({ ...over, rgba: [0, 0, 200, 128], blend: 0, dispose: 1 }),
        // Invisible on nothing: white.
        patch({ ...over, rgba: [9, 9, 9, 0] }),
      ]),
      { mode: 'uniform', frames: { count: 4 } },
    );
    expect(frames.map(({ color }) => color)).toEqual([
      [200, 100, 0],
      [100, 50, 100],
      [127, 127, 227],
      [255, 255, 255],
    ]);
  });

  it('are refused with one frame, and as images without frames', async () => {
    const still = await writeAnimation('gif', FRAMES.slice(0, 1));
    await expect(sample(still, { mode: 'uniform', frames: { count: 4 } })).rejects.toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
  });

  itWithFfmpeg('never crash: 200 mutants', async () => {
    const random = createRandom(21);
    const originals = [
      await writeAnimation('gif', FRAMES),
      await writeAnimation('webp', FRAMES),
      PNG(),
    ];
    const codes = new Set<string>();
    for (let mutant = 0; mutant < 200; mutant += 1) {
      const bytes = Buffer.from(originals[mutant % 3] ?? []);
      for (let change = 0; change < 1 + (mutant % 5); change += 1) {
        bytes[12 + Math.floor(random() * (bytes.length - 12))] = Math.floor(random() * 256);
      }
      const code = await sample(bytes, { mode: 'uniform', frames: { count: 8 } }).then(
        () => 'read',
        (error: unknown) => (error instanceof SalamandraError ? error.code : String(error)),
      );
      codes.add(code);
    }
    const known = ['read', 'MEDIA_CORRUPT', 'MEDIA_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
    expect([...codes].filter((code) => !known.includes(code))).toEqual([]);
    expect(codes).toContain('MEDIA_CORRUPT');
  });
});
