import { joinSafetensors } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { parseHeaderLength, parseSafetensorsHeader } from './safetensors.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

/** Parses the length field, then the header. */
function parse(header: string, dataBytes: number): ReturnType<typeof parseSafetensorsHeader> {
  const file = joinSafetensors(header, new Uint8Array(dataBytes));
  const length = parseHeaderLength(file.subarray(0, 8), file.length);
  return parseSafetensorsHeader(file.subarray(8, 8 + length), file.length);
}

function tensor(dtype: string, shape: unknown, offsets: unknown): string {
  return JSON.stringify({ dtype, shape, data_offsets: offsets });
}

describe('parseSafetensorsHeader', () => {
  it('returns offsets from the start of the file', () => {
    const header = `{"b":${tensor('BF16', [2, 2], [4, 12])},"a":${tensor('F32', [], [0, 4])}}`;

    const begin = 8 + header.length;
    expect([...parse(header, 12)]).toEqual([
      ['b', { format: 'BF16', shape: [2, 2], begin: begin + 4, end: begin + 12 }],
      ['a', { format: 'F32', shape: [], begin, end: begin + 4 }],
    ]);
  });

  it('accepts metadata, padding and empty tensors', () => {
    const header = `{"__metadata__":{"format":"pt"},"a":${tensor('F16', [0, 5], [0, 0])}}   `;

    expect([...parse(header, 0).keys()]).toEqual(['a']);
  });

  const good = tensor('F32', [1], [0, 4]);
  it.each([
    ['not JSON', '{"a":', 0],
    ['a list', '[1]', 0],
    ['space in front', ` {"a":${good}}`, 4],
    ['a key twice', `{"a":${good},"a":${good}}`, 4],
    ['a key twice behind escapes', `{"a\\"":${good},"a\\u0022":${good}}`, 4],
    ['an unknown format', `{"a":${tensor('F4', [1], [0, 4])}}`, 4],
    ['a gap', `{"a":${tensor('F32', [1], [4, 8])}}`, 8],
    ['a gap between', `{"a":${good},"b":${tensor('F32', [1], [8, 12])}}`, 12],
    ['an overlap', `{"a":${tensor('F32', [2], [0, 8])},"b":${tensor('F32', [1], [4, 8])}}`, 8],
    ['the same range twice', `{"a":${good},"b":${good}}`, 4],
    ['bytes behind', `{"a":${good}}`, 5],
    ['data that is missing', `{"a":${good}}`, 3],
    ['no tensors but data', '{}', 1],
    ['offsets that fall', `{"a":${tensor('F32', [1], [4, 0])}}`, 4],
    ['a negative offset', `{"a":${tensor('F32', [1], [-4, 0])}}`, 4],
    ['one offset', `{"a":${tensor('F32', [1], [4])}}`, 4],
    ['three offsets', `{"a":${tensor('F32', [1], [0, 4, 4])}}`, 4],
    ['an offset with a fraction', `{"a":${tensor('F32', [1], [0, 3.5])}}`, 4],
    ['an offset beyond 64 bits', `{"a":${tensor('F32', [1], [0, 1e30])}}`, 4],
    ['a shape of another size', `{"a":${tensor('F32', [2], [0, 4])}}`, 4],
    ['a shape that overflows', `{"a":${tensor('F32', [2 ** 32, 2 ** 32], [0, 0])}}`, 0],
    ['a shape that overflows to zero', `{"a":${tensor('F32', [2 ** 52, 2 ** 52, 0], [0, 0])}}`, 0],
    ['a negative size', `{"a":${tensor('F32', [-1], [0, 4])}}`, 4],
    ['a shape that is a text', `{"a":${tensor('F32', '1', [0, 4])}}`, 4],
    ['a tensor that is a number', '{"a":1}', 0],
    ['metadata that is a list', '{"__metadata__":[]}', 0],
    ['metadata with a number', '{"__metadata__":{"a":1}}', 0],
  ])('rejects %s', (_, header, dataBytes) => {
    expect(() => parse(header, dataBytes)).toThrow(INVALID);
  });

  it('rejects a header that is not UTF-8', () => {
    expect(() => parseSafetensorsHeader(Uint8Array.of(0x7b, 0xff, 0x7d), 11)).toThrow(INVALID);
  });
});

describe('parseHeaderLength', () => {
  it.each([
    ['nothing', 0n, 100],
    ['one byte', 1n, 100],
    ['100 MB and one', 100_000_001n, 1e12],
    ['2^63', 1n << 63n, 1e12],
    ['more than the file', 93n, 100],
  ])('rejects %s', (_, length, fileBytes) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(length);

    expect(() => parseHeaderLength(bytes, fileBytes)).toThrow(INVALID);
  });

  it('rejects a file of seven bytes', () => {
    expect(() => parseHeaderLength(new Uint8Array(7), 7)).toThrow(INVALID);
  });

  it.each([
    [2n, 10],
    [100_000_000n, 100_000_008],
  ])('takes %d', (length, fileBytes) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(length);

    expect(parseHeaderLength(bytes, fileBytes)).toBe(Number(length));
  });
});
