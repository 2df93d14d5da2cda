import { memorySource } from '../byte-source.js';
import { readTiff } from './tiff-directory.js';

interface Directory {
  readonly entries: readonly (readonly [tag: number, type: number, count: number, value: number])[];
  readonly next: number;
}

/** A classic little-endian file with directories at fixed offsets. */
function write(size: number, first: number, directories: Record<number, Directory>): Buffer {
  const file = Buffer.alloc(size);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(first, 4);
  for (const [offset, { entries, next }] of Object.entries(directories)) {
    let at = file.writeUInt16LE(entries.length, Number(offset));
    for (const [tag, type, count, value] of entries) {
      at = file.writeUInt16LE(tag, at);
      at = file.writeUInt16LE(type, at);
      at = file.writeUInt32LE(count, at);
      at = file.writeUInt32LE(value, at);
    }
    file.writeUInt32LE(next, at);
  }
  return file;
}

const read = (file: Buffer) => readTiff(memorySource(file));
const WIDTH = [256, 3, 1, 7] as const;

describe('readTiff', () => {
  it('reads the chain and its sub-directories', () => {
    const file = read(
      write(300, 8, {
        8: { entries: [WIDTH, [330, 4, 1, 100]], next: 50 },
        50: { entries: [[256, 4, 1, 9]], next: 0 },
        100: { entries: [[256, 3, 1, 30]], next: 0 },
      }),
    );

    expect(file.chain.map((directory) => directory.number(256))).toEqual([7, 9]);
    expect(file.subDirectories.map((directory) => directory.number(256))).toEqual([30]);
    expect(file.subDirectories[0]?.place).toEqual({ page: 0, subIfd: 0 });
  });

  it.each([
    ['itself', 8],
    ['the end of the file', 299],
    ['beyond the file', 1e9],
  ])('ends a chain that continues at %s', (_, next) => {
    expect(read(write(300, 8, { 8: { entries: [WIDTH], next } })).chain).toHaveLength(1);
  });

  it.each([
    ['in the header', 2],
    ['beyond the file', 400],
  ])('rejects a first directory %s', (_, first) => {
    expect(() => read(write(300, first, {}))).toThrow(
      expect.objectContaining({ code: 'MEDIA_CORRUPT' }) as Error,
    );
  });

  it('rejects values outside the file only when they are read', () => {
    const entries = [WIDTH, [258, 3, 4e9, 200], [273, 4, 3, 295]] as const;
    const [directory] = read(write(300, 8, { 8: { entries, next: 0 } })).chain;

    expect(directory?.number(256)).toBe(7);
    for (const tag of [258, 273]) {
      expect(() => directory?.numbers(tag)).toThrow(
        expect.objectContaining({ code: 'MEDIA_CORRUPT' }) as Error,
      );
    }
  });

  it('ignores entries of an unknown type', () => {
    const entries = [WIDTH, [258, 99, 1, 8]] as const;
    const [directory] = read(write(300, 8, { 8: { entries, next: 0 } })).chain;

    expect(directory?.numbers(258)).toEqual([]);
  });
});
