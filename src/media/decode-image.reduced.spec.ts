import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { decodeImage } from './decode-image.js';
import type { DecodedImage } from './decoded-image.js';
import { resizeImage } from '../vision/resize-image.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

/** Scaled up from a drawing with sharp edges. */
function drawing(width: number, height: number) {
  const side = 64;
  const pixels = Buffer.from(
    Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return (x + y) % 16 < 4 ? [250, 240, 10] : [x * 4, y * 4, 128];
    }).flat(),
  );
  const raw = { width: side, height: side, channels: 3 } as const;
  return sharp(pixels, { raw }).resize(width, height, { fit: 'fill', kernel: 'nearest' });
}

function meanDifference(actual: Uint8Array, expected: Uint8Array): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / actual.length;
}

const TILE = { width: 96, height: 96 };

function square(side: number) {
  return () => ({ width: side, height: side });
}

/** Pictures of a hundredth of the pixels take the same paths. */
const wholePixels = 500_000;

describe('decodeImage of large images', () => {
  it.each([
    ['jpg', () => drawing(1_600, 1_260).jpeg({ quality: 90 })],
    ['png', () => drawing(1_600, 1_260).png({ compressionLevel: 1 })],
    ['tif', () => drawing(1_600, 1_260).tiff({ compression: 'deflate', tile: true })],
  ])('reduces a %s while it reads it from disk', async (extension, encode) => {
    const path = folder.path(`large.${extension}`);
    await writeFile(path, await encode().toBuffer());
    const image = await decodeImage({ path }, { reduceFor: square(154), wholePixels });
    const whole = await decodeImage({ path });

    expect(image.fullSize).toEqual({ width: 1_600, height: 1_260 });
    expect([image.width, image.height]).toEqual([267, 252]);
    expect([whole.width, whole.height]).toEqual([1_600, 1_260]);
    // The error of a tile, in levels: an eighth of what JPEG compression causes.
    const tileOf = (one: DecodedImage) => resizeImage(one, TILE, 'bicubic').data;
    const error = meanDifference(tileOf(image), tileOf(whole));
    expect(error).toBeLessThan(1);
  });

  it('does so above 50 megapixels by default', async () => {
    const bytes = await drawing(8_000, 6_251).toColorspace('b-w').jpeg({ quality: 50 }).toBuffer();
    const image = await decodeImage({ bytes }, { reduceFor: square(768) });

    expect(image.fullSize).toEqual({ width: 8_000, height: 6_251 });
    expect([image.width, image.height]).toEqual([1_334, 1_251]);
  });

  it('decodes an image of exactly the limit as a whole', async () => {
    const bytes = await drawing(1_000, 500).png().toBuffer();

    expect(await decodeImage({ bytes }, { reduceFor: square(100), wholePixels })).toMatchObject({
      width: 1_000,
      height: 500,
    });
  });

  it('keeps the short side of a panorama of 65,535 pixels', async () => {
    const bytes = await drawing(65_535, 40).png({ compressionLevel: 1 }).toBuffer();
    const image = await decodeImage({ bytes }, { reduceFor: square(2_304), wholePixels });

    expect(image.fullSize).toEqual({ width: 65_535, height: 40 });
    expect([image.width, image.height]).toEqual([3_641, 40]);
  });

  it('reduces along the upright axes', async () => {
    const wide = drawing(1_600, 320).withMetadata({ orientation: 6 });
    for (const encoded of [
      wide.clone().jpeg(),
      wide.clone().tiff({ compression: 'lzw', tile: true }),
    ]) {
      const image = await decodeImage(
        { bytes: await encoded.toBuffer() },
        { reduceFor: square(100), wholePixels },
      );

      expect(image.fullSize).toEqual({ width: 320, height: 1_600 });
      expect([image.width, image.height]).toEqual([160, 160]);
    }
  });
});
