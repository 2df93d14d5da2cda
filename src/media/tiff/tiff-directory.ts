import type { ByteSource } from '../byte-source.js';
import { damagedImage } from '../image-errors.js';

/** Numbers of the tags that are read (TIFF 6.0, its technical notes, DNG 1.7, Exif). */
export const TAG = {
  newSubfileType: 254,
  subfileType: 255,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  make: 271,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  maxSampleValue: 281,
  planarConfiguration: 284,
  pageNumber: 297,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  inkSet: 332,
  extraSamples: 338,
  sampleFormat: 339,
  sMinSampleValue: 340,
  sMaxSampleValue: 341,
  jpegInterchangeFormat: 513,
  jpegInterchangeFormatLength: 514,
  yCbCrCoefficients: 529,
  yCbCrSubSampling: 530,
  referenceBlackWhite: 532,
  iccProfile: 34_675,
  gdalNoData: 42_113,
  dngVersion: 50_706,
} as const;

/** Position in the chain of pages, and in the SubIFDs tag of that page; -1 for the page itself. */
interface DirectoryPlace {
  readonly page: number;
  readonly subIfd: number;
}

/** An image file directory: the tags of one page, preview or mask. */
export interface TiffDirectory {
  /** Offset in the file. */
  readonly offset: number;
  readonly place: DirectoryPlace;
  has(tag: number): boolean;
  /** The values of a numeric tag; empty without the tag. */
  numbers(tag: number): readonly number[];
  /** The first value of a numeric tag. */
  number(tag: number): number | undefined;
  /** The bytes of a tag of any type; empty without the tag. */
  bytes(tag: number): Uint8Array;
}

/** The structure of a TIFF file. */
export interface TiffFile {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  /** The chain of directories that starts in the header. At least one. */
  readonly chain: readonly TiffDirectory[];
  /** The directories that the SubIFDs tags of the chain refer to, one level deep. */
  readonly subDirectories: readonly TiffDirectory[];
}

/** Directories that are read. Scanned books have hundreds of pages. */
const MAX_DIRECTORIES = 2_000;

/** Entries of a directory. Camera files have about 100. */
const MAX_ENTRIES = 4_096;

/** Values of a numeric tag: offsets of the tiles of a picture of 400 megapixels in the smallest tiles, and more. */
const MAX_VALUES = 4_000_000;

/** Bytes per value of each field type; the index is the type. 0: unknown. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8] as const;

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Offset of the values, which are in the entry itself if they fit. */
  readonly valuesAt: number;
}

/**
 * Reads the directories of a classic TIFF or BigTIFF file, without their pixels. Memory and time are bounded for any
 * content: each directory is read once, and a damaged end of the chain ends it.
 *
 * Sources: TIFF 6.0, sections 2 and 7; BigTIFF (libtiff); Adobe PageMaker 6.0 technical notes for SubIFDs.
 *
 * @throws MEDIA_CORRUPT if not even the first directory can be read.
 */
export function readTiff(source: ByteSource): TiffFile {
  const layout = readLayout(source);
  const first = toNumber(layout, layout.isBig ? 8 : 4, layout.isBig);
  const seen = new Set<number>();
  const chain: TiffDirectory[] = [];
  let next = first;
  while (next !== 0 && !seen.has(next) && seen.size < MAX_DIRECTORIES) {
    seen.add(next);
    const read = readDirectory(layout, next, { page: chain.length, subIfd: -1 });
    if (read === null) {
      if (chain.length === 0) {
        const finding = 'its first directory is outside the file';
        throw damagedImage({ format: 'TIFF', finding, byte: Math.min(first, source.length) });
      }
      break;
    }
    chain.push(read.directory);
    next = read.next;
  }
  if (chain.length === 0) {
    throw damagedImage({ format: 'TIFF', finding: 'it has no directory', byte: 4 });
  }

  const subDirectories: TiffDirectory[] = [];
  for (const [page, directory] of chain.entries()) {
    for (const [subIfd, offset] of directory.numbers(TAG.subIfds).entries()) {
      if (seen.has(offset) || seen.size >= MAX_DIRECTORIES) continue;
      seen.add(offset);
      const read = readDirectory(layout, offset, { page, subIfd });
      if (read) subDirectories.push(read.directory);
    }
  }
  return { source, littleEndian: layout.littleEndian, chain, subDirectories };
}

interface Layout {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly isBig: boolean;
}

/** The signature has been checked by `matchImageFormat`. */
function readLayout(source: ByteSource): Layout {
  const header = source.read(0, 16);
  const littleEndian = header[0] === 0x49;
  const version = header[littleEndian ? 2 : 3];
  const isBig = version === 43;
  if (header.length < (isBig ? 16 : 8)) {
    throw damagedImage({
      format: 'TIFF',
      finding: 'its header is incomplete',
      byte: source.length,
    });
  }
  return { source, littleEndian, isBig };
}

/** `null` if the directory is not inside the file. */
function readDirectory(
  layout: Layout,
  offset: number,
  place: DirectoryPlace,
): { readonly directory: TiffDirectory; readonly next: number } | null {
  const { source, isBig } = layout;
  const countBytes = isBig ? 8 : 2;
  const entryBytes = isBig ? 20 : 12;
  const pointerBytes = isBig ? 8 : 4;
  if (offset < 8 || offset + countBytes > source.length) return null;
  const count = toInteger(layout, offset, countBytes);
  if (count === 0 || count > MAX_ENTRIES) return null;
  const entriesAt = offset + countBytes;
  const end = entriesAt + count * entryBytes;
  if (end > source.length) return null;

  const entries = new Map<number, Entry>();
  const view = toView(source.read(entriesAt, count * entryBytes));
  for (let at = 0; at < view.byteLength; at += entryBytes) {
    const tag = view.getUint16(at, layout.littleEndian);
    const type = view.getUint16(at + 2, layout.littleEndian);
    const values = isBig
      ? readUint64(view, at + 4, layout)
      : view.getUint32(at + 4, layout.littleEndian);
    const valueAt = entriesAt + at + entryBytes - pointerBytes;
    const bytes = values * (TYPE_BYTES[type] ?? 0);
    const valuesAt = bytes <= pointerBytes ? valueAt : toNumber(layout, valueAt, isBig);
    // The first entry wins, as in libtiff.
    if (!entries.has(tag)) entries.set(tag, { type, count: values, valuesAt });
  }
  // Some files end after the last entry, without the pointer to the next directory.
  const next = end + pointerBytes <= source.length ? toNumber(layout, end, isBig) : 0;
  return { directory: createDirectory(layout, { offset, place }, entries), next };
}

function createDirectory(
  layout: Layout,
  position: Pick<TiffDirectory, 'offset' | 'place'>,
  entries: ReadonlyMap<number, Entry>,
): TiffDirectory {
  const numbers = (tag: number): readonly number[] => {
    const entry = entries.get(tag);
    return entry ? readNumbers(layout, entry) : [];
  };
  return {
    ...position,
    has: (tag) => entries.has(tag),
    numbers,
    number: (tag) => numbers(tag)[0],
    bytes(tag) {
      const entry = entries.get(tag);
      if (!entry) return new Uint8Array();
      return layout.source.read(entry.valuesAt, entry.count * (TYPE_BYTES[entry.type] ?? 0));
    },
  };
}

/** @throws MEDIA_CORRUPT if the values are not inside the file. */
function readNumbers(layout: Layout, { type, count, valuesAt }: Entry): number[] {
  const valueBytes = TYPE_BYTES[type] ?? 0;
  if (valueBytes === 0 || count === 0) return [];
  if (count > MAX_VALUES || valuesAt + count * valueBytes > layout.source.length) {
    const finding = 'the values of a tag are outside the file';
    throw damagedImage({ format: 'TIFF', finding, byte: Math.min(valuesAt, layout.source.length) });
  }
  const view = toView(layout.source.read(valuesAt, count * valueBytes));
  const values = new Array<number>(count);
  for (let index = 0; index < count; index += 1) {
    values[index] = readValue(view, index * valueBytes, type, layout);
  }
  return values;
}

function readValue(view: DataView, at: number, type: number, layout: Layout): number {
  const { littleEndian } = layout;
  switch (type) {
    case 3:
      return view.getUint16(at, littleEndian);
    case 4:
    case 13:
      return view.getUint32(at, littleEndian);
    case 5:
      return view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, littleEndian);
    case 9:
      return view.getInt32(at, littleEndian);
    case 10:
      return view.getInt32(at, littleEndian) / view.getInt32(at + 4, littleEndian);
    case 11:
      return view.getFloat32(at, littleEndian);
    case 12:
      return view.getFloat64(at, littleEndian);
    case 16:
    case 18:
      return readUint64(view, at, layout);
    case 17:
      return Number(view.getBigInt64(at, littleEndian));
    default:
      return view.getUint8(at);
  }
}

/** An offset or a count in the file, 0 if it is cut off. */
function toNumber(layout: Layout, offset: number, isBig: boolean): number {
  return toInteger(layout, offset, isBig ? 8 : 4);
}

function toInteger(layout: Layout, offset: number, bytes: number): number {
  const view = toView(layout.source.read(offset, bytes));
  if (view.byteLength < bytes) return 0;
  if (bytes === 8) return readUint64(view, 0, layout);
  return bytes === 4
    ? view.getUint32(0, layout.littleEndian)
    : view.getUint16(0, layout.littleEndian);
}

/** Above 2^53 the value is inexact, and far outside of any file. */
function readUint64(view: DataView, at: number, { littleEndian }: Layout): number {
  return Number(view.getBigUint64(at, littleEndian));
}

function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
