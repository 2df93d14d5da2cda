import sharp, { type TiffOptions } from 'sharp';

import { decodeImage } from './decode-image.js';

const WIDTH = 61;
/** Three strips of 128 rows, as libvips writes them. */
const HEIGHT = 300;

/** Samples in all parts of the range up to `max`, which occurs in the middle. */
function samples(channels: number, max: number): Uint16Array {
  const count = WIDTH * HEIGHT * channels;
  const values = Uint16Array.from({ length: count }, (_, i) => (i * 7_919) % (max + 1));
  values[Math.floor(count / 2)] = max;
  return values;
}

function encode(values: Uint16Array, channels: 1 | 3, options: TiffOptions): Promise<Buffer> {
  const raw = { width: WIDTH, height: HEIGHT, channels };
  return sharp(values, { raw })
    .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
    .tiff(options)
    .toBuffer();
}

const LAYOUTS = [
  { tile: false },
  { tile: true, tileWidth: 32, tileHeight: 16 },
] satisfies TiffOptions[];

const COMPRESSIONS = ['none', 'deflate', 'lzw'] as const;

describe.each([1, 3] as const)('decodeImage of 16-bit TIFF with %i channels', (channels) => {
  it.each(COMPRESSIONS)('drops the lower byte in strips and tiles: %s', async (compression) => {
    const values = samples(channels, 65_535);
    const expected = Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) =>
      channels === 3 ? values[i]! >> 8 : values[Math.floor(i / 3)]! >> 8,
    );
    for (const layout of LAYOUTS) {
      const bytes = await encode(values, channels, { compression, ...layout });
      const { data } = await decodeImage({ bytes });

      expect([...data]).toEqual(expected);
    }
  });

  it.each(COMPRESSIONS)('scales 12 bits in strips and tiles: %s', async (compression) => {
    const values = samples(channels, 4_095);
    const expected = Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) =>
      Math.floor(((channels === 3 ? values[i]! : values[Math.floor(i / 3)]!) / 4_095) * 255 + 0.5),
    );
    for (const layout of LAYOUTS) {
      const bytes = await encode(values, channels, { compression, ...layout });
      const { data } = await decodeImage({ bytes });

      expect([...data]).toEqual(expected);
    }
  });

  it.each(COMPRESSIONS)(
    'rejects damage behind the first bright sample: %s',
    async (compression) => {
      const bytes = Buffer.from(await encode(samples(channels, 65_535), channels, { compression }));
      const [offsets, counts] = [findValues(bytes, 273), findValues(bytes, 279)];
      const [offset, count] = [offsets.at(-1)!, counts.at(-1)!];
      expect(offsets.length).toBeGreaterThan(1);
      if (compression === 'none') bytes.writeUInt16LE(count.value - 16, count.at);
      else bytes.fill(0xff, offset.value + 8, offset.value + count.value);

      await expect(decodeImage({ bytes })).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    },
  );
});

/** The values of a tag in the first directory of a little-endian TIFF file, SHORT or LONG, and their places. */
function findValues(file: Buffer, tag: number): { readonly at: number; readonly value: number }[] {
  const directory = file.readUInt32LE(4);
  const entries = Array.from({ length: file.readUInt16LE(directory) }, (_, i) => i * 12);
  const entry = entries.map((at) => directory + 2 + at).find((at) => file.readUInt16LE(at) === tag);
  if (entry === undefined) throw new Error(`No tag ${tag}.`);
  const size = file.readUInt16LE(entry + 2) === 3 ? 2 : 4;
  const length = file.readUInt32LE(entry + 4);
  const first = length * size <= 4 ? entry + 8 : file.readUInt32LE(entry + 8);
  return Array.from({ length }, (_, i) => {
    const at = first + i * size;
    return { at, value: file.readUIntLE(at, size) };
  });
}
