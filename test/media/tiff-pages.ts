/** A page of a TIFF file: a gray picture of one brightness. */
export interface TiffPageOutline {
  readonly width: number;
  readonly height: number;
  readonly brightness: number;
  /** NewSubfileType: 1 for a reduced version, 2 for a page of a document, 4 for a mask. */
  readonly subfileType: number;
}

const SHORT = 3;
const LONG = 4;

/** A little-endian TIFF file with one uncompressed strip for each page (TIFF 6.0). */
export function writeTiffPages(pages: readonly TiffPageOutline[]): Buffer {
  const parts: Buffer[] = [Buffer.from('II*\0\x08\0\0\0', 'latin1')];
  let at = 8;
  pages.forEach(({ width, height, brightness, subfileType }, index) => {
    const entries: readonly (readonly [number, number, number])[] = [
      [254, LONG, subfileType],
      [256, LONG, width],
      [257, LONG, height],
      [258, SHORT, 8],
      [259, SHORT, 1],
      [262, SHORT, 1],
      [273, LONG, 0],
      [277, SHORT, 1],
      [278, LONG, height],
      [279, LONG, width * height],
    ];
    const directoryBytes = 2 + entries.length * 12 + 4;
    const directory = Buffer.alloc(directoryBytes);
    directory.writeUInt16LE(entries.length);
    entries.forEach(([tag, type, value], entry) => {
      const entryAt = 2 + entry * 12;
      directory.writeUInt16LE(tag, entryAt);
      directory.writeUInt16LE(type, entryAt + 2);
      directory.writeUInt32LE(1, entryAt + 4);
      directory.writeUInt32LE(tag === 273 ? at + directoryBytes : value, entryAt + 8);
    });
    at += directoryBytes + width * height;
    if (index < pages.length - 1) directory.writeUInt32LE(at, directoryBytes - 4);
    parts.push(directory, Buffer.alloc(width * height, brightness));
  });
  return Buffer.concat(parts);
}
