import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { SalamandraError } from '../errors/salamandra-error.js';
import { decodeImage, type DecodeOptions } from './decode-image.js';

const WIDTH = 48;
const HEIGHT = 32;
const pixels = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * i) % 251));
const testImage = () => sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });

async function rejection(bytes: Uint8Array, options?: DecodeOptions): Promise<SalamandraError> {
  try {
    await decodeImage({ bytes }, options);
  } catch (error) {
    if (error instanceof SalamandraError) return error;
    throw error;
  }
  throw new Error('The bytes were accepted.');
}

/** A PNG whose header declares a size, with almost no data. */
function claimPng(width: number, height: number, interlace = 0): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, interlace], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.alloc(9)))];
  return Buffer.concat([signature, ...chunks, chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

describe('decodeImage of hostile files', () => {
  it.each([
    ['jpeg', () => testImage().jpeg()],
    ['progressive jpeg', () => testImage().jpeg({ progressive: true })],
    ['png', () => testImage().png()],
    ['webp', () => testImage().webp()],
    ['gif', () => testImage().gif()],
    ['tiff', () => testImage().tiff({ compression: 'lzw' })],
    ['avif', () => testImage().avif({ effort: 0 })],
  ])('reports a truncated %s as damaged, at every length', async (_, encode) => {
    const whole = await encode().toBuffer();
    for (let share = 2; share < 98; share += 5) {
      const error = await rejection(whole.subarray(0, Math.ceil((whole.length * share) / 100)));
      // Too short for the signature.
      const codes = share < 10 ? ['MEDIA_CORRUPT', 'UNSUPPORTED_MEDIA_TYPE'] : ['MEDIA_CORRUPT'];
      expect(codes).toContain(error.code);
    }
  });

  it('survives flipped bytes', async () => {
    const whole = await testImage().jpeg().toBuffer();
    const codes = new Set<string>();
    for (let at = 3; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = ~bytes[at]! & 255;
      const code = await decodeImage({ bytes }).then(
        () => 'decoded',
        (error: unknown) => (error as SalamandraError).code,
      );
      codes.add(code);
    }
    // A flipped byte of the pixels shows in the image alone, one of the header or a marker makes the file invalid.
    expect([...codes]).toEqual(expect.arrayContaining(['decoded', 'MEDIA_CORRUPT']));
    expect(['decoded', 'MEDIA_CORRUPT', 'MEDIA_TOO_LARGE']).toEqual(
      expect.arrayContaining([...codes]),
    );
  });

  it('ignores bytes after the image', async () => {
    const polyglot = Buffer.concat([await testImage().png().toBuffer(), Buffer.from('<script>PK')]);

    expect(Buffer.from((await decodeImage({ bytes: polyglot })).data)).toEqual(pixels);
  });

  it('does not expose libvips messages', async () => {
    const whole = await testImage().jpeg().toBuffer();
    const error = await rejection(whole.subarray(0, 200));

    expect(error.publicMessage).toBe(
      'The JPEG file is damaged or incomplete at byte 200. Send the original file again.',
    );
    expect(error.toJSON()).toEqual({
      code: 'MEDIA_CORRUPT',
      publicMessage: error.publicMessage,
      details: { byte: 200 },
      retryable: false,
    });
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('rejects SVG by its signature and in libvips', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');

    expect((await rejection(svg)).code).toBe('UNSUPPORTED_MEDIA_TYPE');
    await expect(sharp(svg).png().toBuffer()).rejects.toThrow('unsupported image format');
  });

  it.each([
    ['pixels', 20_000, 20_001, 400_020_000, 400_000_000],
    ['side', 100_001, 1, 100_001, 100_000],
    ['side', 1, 100_001, 100_001, 100_000],
  ])('rejects too many %s in a header: %i x %i', async (measure, width, height, value, limit) => {
    const startedMs = performance.now();
    const error = await rejection(claimPng(width, height));

    expect(error.code).toBe('MEDIA_TOO_LARGE');
    expect(error.details).toEqual({ measure, value, limit });
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it('rejects more pixels than the configuration permits, and names the other way', async () => {
    const error = await rejection(claimPng(10_000, 10_001), { maxPixels: 100_000_000 });

    expect(error.details).toEqual({ measure: 'pixels', value: 100_010_000, limit: 100_000_000 });
    expect(error.publicMessage).toContain('use the command line, which reads up to 400,000,000');
  });

  it('accepts a header at the limit and then reports missing pixels', async () => {
    expect((await rejection(claimPng(10_000, 5_000))).code).toBe('MEDIA_CORRUPT');
  });

  it('has a lower pixel limit for interlaced PNG', async () => {
    const error = await rejection(claimPng(10_000, 10_000, 1));

    expect(error.details).toEqual({ measure: 'pixels', value: 100_000_000, limit: 50_000_000 });
    expect(error.publicMessage).toContain('Save it without interlacing');
  });

  it('has a lower pixel limit for progressive JPEG, by its chroma subsampling', async () => {
    for (const [chromaSubsampling, limit] of [
      ['4:2:0', 200_000_000],
      ['4:4:4', 100_000_000],
    ] as const) {
      const bytes = await testImage().jpeg({ progressive: true, chromaSubsampling }).toBuffer();
      const frame = bytes.indexOf(Buffer.from([0xff, 0xc2]));
      bytes.writeUInt16BE(15_000, frame + 5);
      bytes.writeUInt16BE(16_000, frame + 7);

      expect(await rejection(bytes)).toMatchObject({
        code: 'MEDIA_TOO_LARGE',
        details: { measure: 'pixels', value: 240_000_000, limit },
      });
    }
  });

  it('has a lower pixel limit for AVIF', async () => {
    const bytes = await testImage().avif({ effort: 0 }).toBuffer();
    const sizeAt = bytes.indexOf('ispe') + 8;
    bytes.writeUInt32BE(6_000, sizeAt);
    bytes.writeUInt32BE(5_000, sizeAt + 4);

    expect(await rejection(bytes)).toMatchObject({
      code: 'MEDIA_TOO_LARGE',
      details: { measure: 'pixels', value: 30_000_000, limit: 25_000_000 },
    });
  });

  it('rejects more channels than CMYK with alpha', async () => {
    const six = sharp(Buffer.alloc(24), { raw: { width: 2, height: 2, channels: 3 } })
      .joinChannel(Buffer.alloc(12), { raw: { width: 2, height: 2, channels: 3 } })
      .tiff({ compression: 'none' });

    expect(await rejection(await six.toBuffer())).toMatchObject({
      code: 'MEDIA_TOO_LARGE',
      details: { measure: 'channels', value: 6, limit: 5 },
    });
  });
});
