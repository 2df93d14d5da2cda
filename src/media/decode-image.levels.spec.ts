import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

import { decodeImage } from './decode-image.js';

const FOLDER = new URL('../../test/golden/further-images/', import.meta.url);

/** The picture of a file at half its size, averaged. */
async function readHalf(name: string): Promise<Buffer> {
  const picture = await readFile(new URL(name, FOLDER));
  return await sharp(picture).resize(20, 14, { kernel: 'linear' }).raw().toBuffer();
}

describe('decodeImage of files with resolution levels', () => {
  it.each([
    ['lossless.jp2', 'rgb.png'],
    ['tiles.j2k', 'rgb.png'],
    ['rgb-16-bits.jp2', 'rgb.png'],
    ['lossy-12-bits.jp2', 'rgb.png'],
    ['sycc-420.jp2', 'smooth.png'],
    ['high-throughput.j2c', 'rgb.png'],
  ])('decodes %s at half its size', async (name, picture) => {
    const bytes = await readFile(new URL(name, FOLDER));
    const image = await decodeImage({ bytes }, { reduceFor: () => ({ width: 19, height: 14 }) });
    const half = await readHalf(picture);

    expect([image.width, image.height]).toEqual([20, 14]);
    expect(image.fullSize).toEqual({ width: 40, height: 28 });
    const total = half.reduce((sum, value, at) => sum + Math.abs(value - image.data[at]!), 0);
    // The low band of a wavelet is sharper than an average.
    expect(total / half.length).toBeLessThan(12);
  });

  it.each([
    [{ width: 21, height: 14 }, 40],
    [{ width: 20, height: 14 }, 20],
    [{ width: 11, height: 7 }, 20],
    [{ width: 10, height: 7 }, 10],
    [{ width: 1, height: 1 }, 3],
  ])('never goes below a need of %j', async (need, width) => {
    const bytes = await readFile(new URL('lossless.jp2', FOLDER));
    const image = await decodeImage({ bytes }, { reduceFor: () => need });

    expect(image.width).toBe(width);
  });

  it('estimates the memory before it decodes', async () => {
    const bytes = Buffer.from(await readFile(new URL('lossless.jp2', FOLDER)));
    const size = bytes.indexOf(Buffer.from([0xff, 0x51]));
    // A header that declares one tile of 10,000 × 10,000 pixels.
    for (const at of [6, 10, 22, 26]) bytes.writeUInt32BE(10_000, size + at);
    const started = performance.now();

    await expect(decodeImage({ bytes })).rejects.toMatchObject({
      code: 'MEDIA_TOO_LARGE',
      details: { measure: 'bytes', limit: 700_000_000 },
    });
    expect(performance.now() - started).toBeLessThan(500);
  });
});
