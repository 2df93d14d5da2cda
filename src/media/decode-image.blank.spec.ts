import sharp from 'sharp';

import { decodeImage } from './decode-image.js';

const SIDE = 16;
const uniform = (level: number, alpha = 255) => {
  const pixel = [level, level, level, alpha];
  return Buffer.from(Array.from({ length: SIDE * SIDE }, () => pixel).flat());
};
const drawing = Buffer.from(
  Array.from({ length: SIDE * SIDE }, (_, i) =>
    i % SIDE < 8 ? [200, 30, 40, 255] : [20, 90, 30, 255],
  ).flat(),
);

function animate(...frames: readonly Buffer[]) {
  const raw = { width: SIDE, height: SIDE * frames.length, channels: 4, pageHeight: SIDE } as const;
  return sharp(Buffer.concat(frames), { raw });
}

function colorAt(data: Uint8Array, pixel: number): number[] {
  return [...data.subarray(pixel * 3, pixel * 3 + 3)];
}

describe('decodeImage of blank images', () => {
  it.each([
    ['uniform', uniform(90)],
    ['transparent', uniform(0, 0)],
    ['white', uniform(255)],
  ])('reports a %s image as blank', async (_, data) => {
    const png = sharp(data, { raw: { width: SIDE, height: SIDE, channels: 4 } }).png();

    expect((await decodeImage({ bytes: await png.toBuffer() })).isBlank).toBe(true);
  });

  it('reports a uniform JPEG as blank', async () => {
    const jpeg = sharp(uniform(90), { raw: { width: SIDE, height: SIDE, channels: 4 } }).jpeg();

    expect((await decodeImage({ bytes: await jpeg.toBuffer() })).isBlank).toBe(true);
  });

  it('shows a white drawing on a transparent ground', async () => {
    const data = uniform(255, 0);
    for (let at = 3; at < data.length / 2; at += 4) data[at] = 255;
    const png = sharp(data, { raw: { width: SIDE, height: SIDE, channels: 4 } }).png();
    const image = await decodeImage({ bytes: await png.toBuffer() });

    expect(image.isBlank).toBe(false);
    expect(colorAt(image.data, 0)).toEqual([255, 255, 255]);
    expect(colorAt(image.data, SIDE * SIDE - 1)).toEqual([0, 0, 0]);
  });

  it.each([
    ['gif', (frames: ReturnType<typeof animate>) => frames.gif({ dither: 0 })],
    ['webp', (frames: ReturnType<typeof animate>) => frames.webp({ lossless: true })],
  ] as const)('decodes the first frame of a %s that is not blank', async (_, encode) => {
    const white = uniform(255);
    const bytes = await encode(animate(white, uniform(0), drawing, white)).toBuffer();
    const image = await decodeImage({ bytes });

    expect(image.isBlank).toBe(false);
    expect([image.width, image.height]).toEqual([SIDE, SIDE]);
    expect(colorAt(image.data, 0)).toEqual([200, 30, 40]);
  });

  it('decodes the last frame of a long animation that is blank before it', async () => {
    const frames = Array.from({ length: 40 }, (_, index) => uniform(index * 6));
    const bytes = await animate(...frames, drawing)
      .gif({ dither: 0 })
      .toBuffer();

    expect((await decodeImage({ bytes })).isBlank).toBe(false);
  });

  it('reports an animation of blank frames as blank', async () => {
    const bytes = await animate(uniform(0), uniform(255)).gif({ dither: 0 }).toBuffer();

    expect((await decodeImage({ bytes })).isBlank).toBe(true);
  });
});
