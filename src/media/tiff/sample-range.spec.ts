import { chooseAlphaRange, chooseRange, createByteMap, type SampleRange } from './sample-range.js';
import type { TiffDirectory } from './tiff-directory.js';
import type { SampleFormat, TiffPage } from './tiff-page.js';

function page(sampleFormat: SampleFormat, bits: number, tags: Record<number, number[]> = {}) {
  const numbers = (tag: number) => tags[tag] ?? [];
  const directory = {
    numbers,
    number: (tag: number) => numbers(tag)[0],
  } as unknown as TiffDirectory;
  return { sampleFormat, bits, directory } as TiffPage;
}

const range = (black: number, white: number): SampleRange => ({ black, white });

describe('chooseRange', () => {
  it.each([
    ['8 bits', page('uint', 8), 3, 90, range(0, 255)],
    ['12 packed bits', page('uint', 12), 3, 90, range(0, 4_095)],
    ['16 bits', page('uint', 16), 0, 60_000, range(0, 65_535)],
    ['a dark 16-bit picture', page('uint', 16), 0, 16_384, range(0, 65_535)],
    ['14 bits in 16', page('uint', 16), 0, 16_000, range(0, 16_383)],
    ['12 bits in 16', page('uint', 16), 400, 3_800, range(0, 4_095)],
    ['10 bits in 16', page('uint', 16), 0, 1_000, range(0, 1_023)],
    ['15 bits in 16', page('uint', 16), 0, 32_767, range(0, 32_767)],
    ['a 16-bit picture of half the range', page('uint', 16), 0, 32_766, range(0, 65_535)],
    ['13 bits in 16', page('uint', 16), 3, 8_191, range(0, 8_191)],
    ['11 bits in 16', page('uint', 16), 0, 2_047, range(0, 2_047)],
    ['12 bits in 16 of half the range', page('uint', 16), 0, 2_046, range(0, 4_095)],
    ['9 bits in 16', page('uint', 16), 0, 511, range(0, 511)],
    ['9 bits in 32', page('uint', 32), 0, 511, range(0, 511)],
    ['dark 10 bits in 16', page('uint', 16), 0, 400, range(0, 1_023)],
    ['dark 12 bits in 16', page('uint', 16), 0, 1_900, range(0, 4_095)],
    ['9 packed bits', page('uint', 9), Infinity, -Infinity, range(0, 511)],
    ['15 packed bits', page('uint', 15), Infinity, -Infinity, range(0, 32_767)],
    ['8 bits in 16', page('uint', 16), 0, 255, range(0, 255)],
    ['32 bits', page('uint', 32), 9, 4e9, range(0, 2 ** 32 - 1)],
    ['16 bits in 32', page('uint', 32), 0, 65_000, range(0, 65_535)],
    ['counts in 32 bits', page('uint', 32), 200_000, 300_000, range(200_000, 300_000)],
    ['signed 8 bits', page('int', 8), -99, 127, range(-128, 127)],
    ['signed 8 bits without negative samples', page('int', 8), 0, 120, range(0, 127)],
    ['signed 16 bits', page('int', 16), -30_000, 30_000, range(-32_768, 32_767)],
    ['elevations in 16 bits', page('int', 16), -50, 3_000, range(-50, 3_000)],
    ['signed 16 bits without negative samples', page('int', 16), 0, 32_000, range(0, 32_767)],
    ['floating point up to 1', page('float', 32), 0.1, 0.9, range(0, 1)],
    ['floating point up to 255', page('float', 32), 0, 250, range(0, 255)],
    ['a small part of 0 to 1', page('float', 32), 0.01, 0.05, range(0.01, 0.05)],
    ['negative floating point', page('float', 32), -1, 1, range(-1, 1)],
    ['elevations in floating point', page('float', 32), 200, 3_000, range(200, 3_000)],
    ['a uniform picture', page('float', 32), 700, 700, range(700, 701)],
    ['no number at all', page('float', 32), Infinity, -Infinity, range(0, 1)],
  ])('maps %s', (_, type, min, max, expected) => {
    expect(chooseRange(type, { min, max })).toEqual(expected);
  });

  it.each([
    ['the declared range', { 340: [-5], 341: [5] }, range(-5, 5)],
    ['not a range that the samples exceed', { 340: [0], 341: [1] }, range(-4, 4)],
    ['not a range without its other end', { 341: [9] }, range(-4, 4)],
    ['not an empty range', { 340: [5], 341: [5] }, range(-4, 4)],
  ])('uses %s', (_, tags, expected) => {
    expect(chooseRange(page('float', 32, tags), { min: -4, max: 4 })).toEqual(expected);
  });

  it.each([
    [32_767, range(0, 32_767)],
    [40_000, range(0, 65_535)],
    [4_095, range(0, 65_535)],
  ])(
    'uses a declared maximum of %i if it is a depth that holds the samples',
    (declared, expected) => {
      const type = page('uint', 16, { 281: [declared] });

      expect(chooseRange(type, { min: 0, max: 30_000 })).toEqual(expected);
    },
  );
});

describe('chooseAlphaRange', () => {
  it.each([
    ['16 bits', page('uint', 16), 65_535, 65_535],
    ['12 bits in 16', page('uint', 16), 4_095, 4_095],
    ['15 bits in 16', page('uint', 16), 32_767, 32_767],
    ['9 bits in 16', page('uint', 16), 511, 511],
    ['floating point', page('float', 32), 1, 1],
    ['nothing opaque', page('uint', 16), 0, 65_535],
  ])('takes the range of %s', (_, type, max, white) => {
    expect(chooseAlphaRange(type, { min: 0, max })).toEqual({ black: 0, white });
  });
});

describe('createByteMap', () => {
  it('drops the lower byte of 16 bits, as Pillow does', () => {
    const map = createByteMap(page('uint', 16), range(0, 65_535));

    expect([0, 255, 256, 0x7fff, 65_535].map(map)).toEqual([0, 0, 1, 127, 255]);
  });

  it('maps signed samples, and clamps', () => {
    expect([-128, 0, 127].map(createByteMap(page('int', 8), range(-128, 127)))).toEqual([
      0, 128, 255,
    ]);
    const floats = createByteMap(page('float', 32), range(0, 1));
    expect([-1, 0, 0.5, 1, 7, NaN, Infinity, -Infinity].map(floats)).toEqual([
      ...[0, 0, 128, 255, 255],
      ...[0, 255, 0],
    ]);
  });
});
