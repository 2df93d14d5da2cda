import { decodeHalf, encodeFloat16 } from './float16.js';

describe('decodeHalf', () => {
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
    [0x7e00, NaN],
  ])('reads binary16 %d as %d', (word, value) => {
    expect(decodeHalf(Uint16Array.of(word), 'float16')[0]).toBe(value);
  });

  it.each([
    [0x0000, 0],
    [0x3f80, 1],
    [0xc049, -3.140625],
    [0x7f80, Infinity],
    [0x0001, 2 ** -133],
  ])('reads bfloat16 %d as %d', (word, value) => {
    expect(decodeHalf(Uint16Array.of(word), 'bfloat16')[0]).toBe(value);
  });
});

describe('encodeFloat16', () => {
  it('gives every finite binary16 back', () => {
    const words = Uint16Array.from({ length: 0x10000 }, (_, word) => word).filter(
      (word) => (word & 0x7c00) !== 0x7c00,
    );

    expect(encodeFloat16(decodeHalf(words, 'float16'))).toEqual(words);
  });

  it.each([
    ['ties to even below', 1 + 2 ** -11, 0x3c00],
    ['ties to even above', 1 + 3 * 2 ** -11, 0x3c02],
    ['just above a tie', 1 + 2 ** -11 + 2 ** -20, 0x3c01],
    ['carrying into the exponent', 1.9999, 0x4000],
    ['carrying out of the subnormal numbers', 2 ** -14 - 2 ** -26, 0x0400],
    ['the largest before infinity', 65519, 0x7bff],
    ['too large', 65520, 0x7c00],
    ['too small', 2 ** -26, 0x0000],
    ['minus infinity', -Infinity, 0xfc00],
    ['not a number', NaN, 0x7e00],
  ])('rounds %s', (_, value, word) => {
    expect(encodeFloat16(Float32Array.of(value))[0]).toBe(word);
  });
});
