import { jest } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { decodeImage } from './decode-image.js';
import type { DecodedImage } from './decoded-image.js';
import { resizeImage } from '../vision/resize-image.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

/** A picture of few hundred bytes per row: 51 megapixels, scaled up from a drawing with sharp edges. */
function largeImage(width: number, height: number) {
  const side = 64;
  const drawing = Buffer.from(
    Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return (x + y) % 16 < 4 ? [250, 240, 10] : [x * 4, y * 4, 128];
    }).flat(),
  );
  const raw = { width: side, height: side, channels: 3 } as const;
  return sharp(drawing, { raw }).resize(width, height, { fit: 'fill', kernel: 'nearest' });
}

function meanDifference(actual: Uint8Array, expected: Uint8Array): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / actual.length;
}

const TILE = { width: 96, height: 96 };

function square(side: number) {
  return () => ({ width: side, height: side });
}

/** 50 megapixels several times, on a machine that may be busy. */
jest.setTimeout(240_000);

describe('decodeImage of large images', () => {
  it.each([
    ['jpg', () => largeImage(8_000, 6_300).jpeg({ quality: 90 })],
    ['png', () => largeImage(8_000, 6_300).png({ compressionLevel: 1 })],
    ['tif', () => largeImage(8_000, 6_300).tiff({ compression: 'deflate', tile: true })],
  ])('reduces a %s while it reads it from disk', async (extension, encode) => {
    const path = folder.path(`large.${extension}`);
    await writeFile(path, await encode().toBuffer());
    const image = await decodeImage({ path }, { reduceFor: square(768) });
    const whole = await decodeImage({ path });

    expect(image.fullSize).toEqual({ width: 8_000, height: 6_300 });
    expect([image.width, image.height]).toEqual([1_334, 1_260]);
    expect([whole.width, whole.height]).toEqual([8_000, 6_300]);
    // The error of a tile, in levels: an eighth of what JPEG compression causes.
    const tileOf = (one: DecodedImage) => resizeImage(one, TILE, 'bicubic').data;
    const error = meanDifference(tileOf(image), tileOf(whole));
    expect(error).toBeLessThan(1);
  });

  it('keeps the short side of a panorama of 65,535 × 2,000 pixels', async () => {
    const path = folder.path('panorama.png');
    await writeFile(path, await largeImage(65_535, 2_000).png({ compressionLevel: 1 }).toBuffer());
    const image = await decodeImage({ path }, { reduceFor: square(2_304) });

    expect(image.fullSize).toEqual({ width: 65_535, height: 2_000 });
    expect([image.width, image.height]).toEqual([3_641, 2_000]);
  });

  it('reduces along the upright axes', async () => {
    const wide = largeImage(16_000, 3_200).withMetadata({ orientation: 6 });
    for (const encoded of [
      wide.clone().jpeg(),
      wide.clone().tiff({ compression: 'lzw', tile: true }),
    ]) {
      const image = await decodeImage(
        { bytes: await encoded.toBuffer() },
        { reduceFor: square(1_000) },
      );

      expect(image.fullSize).toEqual({ width: 3_200, height: 16_000 });
      expect([image.width, image.height]).toEqual([1_600, 1_600]);
    }
  });
});
