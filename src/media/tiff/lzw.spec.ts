import { decompressLzw, isOldLzw } from './lzw.js';

/** Codes as TIFF packs them: most significant bit first, `width` bits each. */
function pack(codes: readonly (readonly [code: number, width: number])[]): Uint8Array {
  const bits = codes.map(([code, width]) => code.toString(2).padStart(width, '0')).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return Uint8Array.from({ length: padded.length / 8 }, (_, byte) =>
    Number.parseInt(padded.slice(byte * 8, byte * 8 + 8), 2),
  );
}

const nine = (...codes: number[]) => pack(codes.map((code) => [code, 9] as const));

describe('decompressLzw', () => {
  it('decodes the example of TIFF 6.0, section 13', () => {
    const data = nine(256, 7, 258, 8, 8, 258, 6, 257);

    expect([...decompressLzw(data, 100)]).toEqual([7, 7, 7, 8, 8, 7, 7, 6]);
  });

  it('changes the width one code early', () => {
    // 254 literals fill the table up to code 510; the next code has ten bits.
    const literals = Array.from({ length: 254 }, (_, index) => [index, 9] as const);
    const data = pack([[256, 9], ...literals, [258, 10], [257, 10]]);
    const result = decompressLzw(data, 1000);

    expect([...result.subarray(250)]).toEqual([250, 251, 252, 253, 0, 1]);
  });

  it('stops at the limit, at an invalid code and at the end of the data', () => {
    expect(decompressLzw(nine(256, 7, 258, 8, 257), 2)).toHaveLength(2);
    expect([...decompressLzw(nine(256, 7, 400, 8), 100)]).toEqual([7]);
    expect([...decompressLzw(nine(256, 7, 8), 100)]).toEqual([7, 8]);
    expect(decompressLzw(new Uint8Array(), 100)).toHaveLength(0);
  });

  it('recognizes the variant with reversed bits by its clear code', () => {
    expect(isOldLzw(Uint8Array.of(0x00, 0x01))).toBe(true);
    expect(isOldLzw(nine(256, 7))).toBe(false);
  });
});
