import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { decodeImage } from './decode-image.js';
import type { DecodedImage } from './decoded-image.js';

const WIDTH = 48;
const HEIGHT = 32;

/** A smooth image whose four corners all differ. */
const pixels = Buffer.from(
  Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return [x * 5, y * 7, 255 - x * 3 - y * 2];
  }).flat(),
);

const testImage = () => sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });

async function decode(encoded: Sharp): Promise<DecodedImage> {
  return decodeImage({ bytes: await encoded.toBuffer() });
}

function meanDifference(actual: Uint8Array, expected: Uint8Array): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / actual.length;
}

function colorAt({ width, data }: DecodedImage, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

describe('decodeImage', () => {
  it.each([
    ['png', () => testImage().png()],
    ['interlaced png', () => testImage().png({ progressive: true })],
    ['webp', () => testImage().webp({ lossless: true })],
    ['tiff', () => testImage().tiff({ compression: 'lzw' })],
    ['profiled png', () => testImage().withIccProfile('srgb').png()],
  ])('decodes the exact pixels of %s', async (_, encode) => {
    const image = await decode(encode());

    expect(image.width).toBe(WIDTH);
    expect(image.height).toBe(HEIGHT);
    expect(meanDifference(image.data, pixels)).toBe(0);
  });

  it.each([
    ['jpeg', () => testImage().jpeg({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['progressive jpeg', () => testImage().jpeg({ quality: 95, progressive: true })],
    ['lossy webp', () => testImage().webp({ quality: 95 })],
    ['avif', () => testImage().avif({ quality: 90, chromaSubsampling: '4:4:4', effort: 0 })],
    ['wide-gamut png', () => testImage().withIccProfile('p3').png()],
    ['16-bit png', () => testImage().toColourspace('rgb16').png()],
    ['palette png', () => testImage().png({ palette: true, dither: 0 })],
    ['gif', () => testImage().gif({ dither: 0 })],
  ])('decodes approximately the pixels of %s', async (_, encode) => {
    expect(meanDifference((await decode(encode())).data, pixels)).toBeLessThan(4);
  });

  it('converts CMYK', async () => {
    const image = await decode(testImage().toColourspace('cmyk').jpeg({ quality: 95 }));

    // CMYK has a smaller gamut: the saturated corners change.
    expect(meanDifference(image.data, pixels)).toBeLessThan(30);
    const white = sharp({ create: { width: 9, height: 9, channels: 3, background: 'white' } });
    const decoded = await decode(white.toColourspace('cmyk').jpeg());
    expect(colorAt(decoded, 4, 4).every((value) => value > 250)).toBe(true);
  });

  it.each(['b-w', 'grey16'])('decodes %s to three equal channels', async (space) => {
    const { width, data } = await decode(testImage().toColourspace(space).png());

    expect(width).toBe(WIDTH);
    expect(data).toHaveLength(WIDTH * HEIGHT * 3);
    for (let i = 0; i < data.length; i += 3) {
      expect([data[i + 1], data[i + 2]]).toEqual([data[i], data[i]]);
    }
  });

  it.each([
    ['png', (image: Sharp) => image.png()],
    ['webp', (image: Sharp) => image.webp({ lossless: true, exact: true })],
    ['tiff', (image: Sharp) => image.tiff({ compression: 'lzw' })],
  ])('composites transparency on white: %s', async (_, encode) => {
    const row = Buffer.from([200, 0, 0, 255, 200, 0, 0, 128, 200, 0, 0, 0]);
    const encoded = sharp(row, { raw: { width: 3, height: 1, channels: 4 } });
    const image = await decode(encode(encoded));

    expect(colorAt(image, 0, 0)).toEqual([200, 0, 0]);
    // Python: PIL.Image.alpha_composite of (200, 0, 0, 128) over white gives (227, 127, 127).
    expect(
      meanDifference(Uint8Array.from(colorAt(image, 1, 0)), Uint8Array.of(227, 127, 127)),
    ).toBeLessThanOrEqual(1);
    expect(colorAt(image, 2, 0)).toEqual([255, 255, 255]);
  });

  it('composites gray with alpha and a transparent palette on white', async () => {
    const row = Buffer.from([10, 255, 10, 0]);
    const gray = sharp(row, { raw: { width: 2, height: 1, channels: 2 } });
    const clear = { r: 9, g: 9, b: 9, alpha: 0 };
    const palette = sharp({ create: { width: 2, height: 1, channels: 4, background: clear } });

    expect([...(await decode(gray.png())).data]).toEqual([10, 10, 10, 255, 255, 255]);
    expect([...(await decode(palette.png({ palette: true }))).data]).toEqual(Array(6).fill(255));
    expect([...(await decode(palette.gif())).data]).toEqual(Array(6).fill(255));
  });

  it('decodes the first frame of an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(4 * 4 * 3, 40), Buffer.alloc(4 * 4 * 3, 220)]);
    const strip = sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } });

    for (const encoded of [strip.clone().gif(), strip.clone().webp({ lossless: true })]) {
      const image = await decode(encoded);
      expect([image.width, image.height]).toEqual([4, 4]);
      expect(colorAt(image, 1, 1)).toEqual([40, 40, 40]);
    }
  });

  // The corner of the stored image that is the top left of the upright image (Exif standard, tag 0x0112).
  it.each([
    [1, 0, 0],
    [2, 1, 0],
    [3, 1, 1],
    [4, 0, 1],
    [5, 0, 0],
    [6, 0, 1],
    [7, 1, 1],
    [8, 1, 0],
  ])('applies Exif orientation %i', async (orientation, right, down) => {
    for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const) {
      const encoded = testImage().withMetadata({ orientation }).toFormat(format, { quality: 95 });
      const image = await decode(encoded);

      const sides = orientation < 5 ? [WIDTH, HEIGHT] : [HEIGHT, WIDTH];
      expect([image.width, image.height]).toEqual(sides);
      const [x, y] = [right * (WIDTH - 1), down * (HEIGHT - 1)];
      const corner = pixels.subarray((y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 3);
      expect(meanDifference(Uint8Array.from(colorAt(image, 0, 0)), corner)).toBeLessThan(16);
    }
  });

  it.each([
    [1, 1],
    [1, 2000],
    [2000, 1],
  ])('decodes %ix%i', async (width, height) => {
    const create = { width, height, channels: 3 as const, background: '#0a141e' };
    const image = await decode(sharp({ create }).png());

    expect([image.width, image.height]).toEqual([width, height]);
    expect(colorAt(image, width - 1, height - 1)).toEqual([10, 20, 30]);
  });
});
