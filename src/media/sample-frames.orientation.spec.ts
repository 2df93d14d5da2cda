import {
  VIDEO_HEIGHT,
  VIDEO_WIDTH,
  describeWithFfmpeg,
  encodeFrames,
  patchFile,
  requireFfmpeg,
} from '../../test/videos/ffmpeg-videos.js';
import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { type SampledFrame, sampleFrames } from './sample-frames.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

describeWithFfmpeg('sampleFrames of a rotated video', () => {
  // Transformation matrices of a track header: a b u c d v x y w.
  it.each([
    ['upright', [1, 0, 0, 1], 'RGBW', [64, 48]],
    ['turned to the right', [0, 1, -1, 0], 'BRWG', [48, 64]],
    ['upside down', [-1, 0, 0, -1], 'WBGR', [64, 48]],
    ['turned to the left', [0, -1, 1, 0], 'GWRB', [48, 64]],
    ['mirrored', [-1, 0, 0, 1], 'GRWB', [64, 48]],
    ['mirrored and turned', [0, 1, 1, 0], 'RBGW', [48, 64]],
  ])('decodes upright frames: %s', async (name, [a = 0, b = 0, c = 0, d = 0], corners, size) => {
    const plain = folder.path('corners.mp4');
    encodeFrames(plain, [drawCorners(), drawCorners()]);
    const path = folder.path(`${name}.mp4`);
    patchFile(plain, path, (bytes) => {
      const matrixAt = bytes.indexOf('tkhd') + 4 + 40;
      [a, b, 0, c, d, 0, 0, 0].forEach((value, i) =>
        bytes.writeInt32BE(value * 65536, matrixAt + i * 4),
      );
      return bytes;
    });
    const sampling = { mode: 'uniform', frames: { count: 1 } } as const;
    const { frames, video } = await sampleFrames(requireFfmpeg(), path, sampling, 1);
    const upright: SampledFrame[] = [];
    for await (const frame of frames) upright.push(frame);
    const [shown] = upright;

    expect([video.width, video.height]).toEqual(size);
    expect([shown?.width, shown?.height]).toEqual(size);
    expect(readCorners(shown!)).toBe(corners);
  });
});

const COLORS: readonly (readonly [string, readonly number[]])[] = [
  ['R', [220, 30, 30]],
  ['G', [30, 200, 30]],
  ['B', [30, 30, 220]],
  ['W', [230, 230, 230]],
];

/** Top: red and green. Bottom: blue and white. */
function drawCorners(): Uint8Array {
  const frame = new Uint8Array(VIDEO_WIDTH * VIDEO_HEIGHT * 3);
  for (let y = 0; y < VIDEO_HEIGHT; y++) {
    for (let x = 0; x < VIDEO_WIDTH; x++) {
      const corner = (y < VIDEO_HEIGHT / 2 ? 0 : 2) + (x < VIDEO_WIDTH / 2 ? 0 : 1);
      frame.set(COLORS[corner]?.[1] ?? [], (y * VIDEO_WIDTH + x) * 3);
    }
  }
  return frame;
}

/** The colors at the centers of the four quadrants, row by row. */
function readCorners({ width, height, data }: SampledFrame): string {
  const at = (x: number, y: number) => {
    const start = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
    const pixel = data.subarray(start, start + 3);
    const distance = (color: readonly number[]) =>
      color.reduce((sum, value, i) => sum + Math.abs(value - (pixel[i] ?? 0)), 0);
    return COLORS.find(([, color]) => distance(color) < 60)?.[0] ?? '?';
  };
  return at(0.25, 0.25) + at(0.75, 0.25) + at(0.25, 0.75) + at(0.75, 0.75);
}
