import type { ByteSource } from '../byte-source.js';
import { damagedImage } from '../image-errors.js';
import { listBoxes } from '../list-boxes.js';

/** Bytes of the codestream that hold size and orientation. */
const HEADER_BYTES = 16;

/** Width to height, by the code of the ratio. */
const RATIOS = [
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
] as const;

/** Bits of a size, by their code. */
const SIZE_BITS = [9, 13, 18, 30] as const;

/**
 * The upright size of a JPEG XL image in pixels. Source: ISO/IEC 18181-1, sections on the size header and the image
 * metadata; 18181-2 for the boxes.
 *
 * @throws MEDIA_CORRUPT
 */
export function readJxlSize(source: ByteSource): {
  readonly width: number;
  readonly height: number;
} {
  const bytes = source.read(findCodestream(source) + 2, HEADER_BYTES);
  const read = createBitReader(bytes);
  const isSmall = read(1) === 1;
  const readSide = () => (isSmall ? (read(5) + 1) * 8 : read(SIZE_BITS[read(2)] ?? 9) + 1);
  const height = readSide();
  const ratio = RATIOS[read(3) - 1];
  const width = ratio ? Math.floor((height * ratio[0]) / ratio[1]) : readSide();
  const hasDefaults = read(1) === 1;
  const orientation = !hasDefaults && read(1) === 1 ? read(3) + 1 : 1;
  // Exif orientations from 5 exchange width and height.
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** The offset of the codestream's signature. */
function findCodestream(source: ByteSource): number {
  if (source.read(0, 1)[0] === 0xff) return 0;
  for (const { type, start } of listBoxes(source, { start: 0, end: source.length }, 'JPEG XL')) {
    if (type === 'jxlc') return start;
    // A part of the codestream, after its number.
    if (type === 'jxlp') return start + 4;
  }
  throw damagedImage({
    ...{ format: 'JPEG XL', finding: 'it has no codestream', byte: source.length },
  });
}

/** Least significant bits first. */
function createBitReader(bytes: Uint8Array): (count: number) => number {
  let at = 0;
  return (count) => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, at++) {
      const byte = bytes[at >> 3];
      if (byte === undefined) {
        throw damagedImage({ format: 'JPEG XL', finding: 'it ends in its header' });
      }
      value += ((byte >> (at & 7)) & 1) * 2 ** bit;
    }
    return value;
  };
}
