import { inflateSync } from 'node:zlib';

import type { ByteSource } from '../byte-source.js';
import { damagedImage, grouped, unsupportedFeature } from '../image-errors.js';

/** Red, green, blue and white in CIE x, y: `[xr, yr, xg, yg, xb, yb, xw, yw]`. */
export type Chromaticities = readonly number[];

/** What the header of an OpenEXR file declares. */
export interface OpenExrHeader {
  /** Size of the display window in pixels. */
  readonly width: number;
  readonly height: number;
  /** Channels that are decoded, in the order of ffmpeg's planes. */
  readonly planes: readonly ('G' | 'B' | 'R' | 'A' | 'Y')[];
  readonly sampleType: 'half' | 'float';
  readonly compression: string;
  /** `null` for those of BT.709. */
  readonly chromaticities: Chromaticities | null;
  /** The blocks of the full resolution, in the order of their table. */
  readonly blocks: OpenExrBlocks;
}

interface OpenExrBlocks {
  /** Offset of the table. */
  readonly tableAt: number;
  readonly count: number;
  /** Bytes of a block before its data. */
  readonly headBytes: number;
  /** The numbers at the start of a block: its first line, or the column, row and level of a tile. */
  readonly place: (index: number) => readonly number[];
  /** Bytes of a block without compression. */
  readonly fullBytes: (index: number) => number;
}

const MAX_HEADER_BYTES = 1_000_000;
const FIRST_ATTRIBUTE = 8;

/** Flags of the version. Source: OpenEXR File Layout. */
const FLAG = { tiled: 0x200, deep: 0x800, multipart: 0x1000 } as const;

/** By their number in the file: name, and lines per block. Source: OpenEXR File Layout. */
const COMPRESSIONS: readonly (readonly [name: string, lines: number])[] = [
  ['none', 1],
  ['RLE', 1],
  ['ZIPS', 1],
  ['ZIP', 16],
  ['PIZ', 32],
  ['PXR24', 16],
  ['B44', 32],
  ['B44A', 32],
  ['DWAA', 32],
  ['DWAB', 256],
];

const SAMPLE_TYPES = ['uint', 'half', 'float'] as const;
const SAMPLE_BYTES = { uint: 4, half: 2, float: 4 } as const;

const REMEDY = 'Save it in one part with RGB channels of half or float samples, or as TIFF.';

/**
 * Reads the header, and rejects by name what ffmpeg decodes wrongly or not at all.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function readOpenExr(source: ByteSource): OpenExrHeader {
  const bytes = Buffer.from(source.read(0, MAX_HEADER_BYTES));
  if (bytes.length < FIRST_ATTRIBUTE) throw damaged('its header is incomplete', bytes.length);
  const flags = bytes.readUInt32LE(4);
  if ((flags & 0xff) !== 2) throw unsupported(`version ${flags & 0xff}`);
  if ((flags & FLAG.deep) !== 0) throw unsupported('deep data');
  if ((flags & FLAG.multipart) !== 0) throw unsupported('several parts');
  const { attributes, end } = readAttributes(bytes);
  const demand = (name: string, length: number): Buffer => {
    const value = attributes.get(name);
    if (!value || value.length < length) {
      throw damaged(`its header has no complete attribute ${name}`, end);
    }
    return value;
  };

  const display = readWindow(demand('displayWindow', 16), end);
  const data = readWindow(demand('dataWindow', 16), end);
  const code = demand('compression', 1)[0] as number;
  const compression = COMPRESSIONS[code];
  if (!compression) throw unsupported(`compression ${code}`);
  const channels = readChannels(demand('channels', 1), end);
  const chosen = chooseChannels(channels);
  const isColorOfHalf = chosen.sampleType === 'half' && chosen.planes[0] !== 'Y';
  if (compression[0].startsWith('DWA') && !isColorOfHalf) {
    // ffmpeg decodes float samples to other values, and gray ones not at all.
    throw unsupported(`compression ${compression[0]} of other samples than half in color`);
  }
  const isTiled = (flags & FLAG.tiled) !== 0;
  const tiles = isTiled ? demand('tiles', 9) : null;
  const lineBytes = (width: number) =>
    width * channels.reduce((sum, { type }) => sum + SAMPLE_BYTES[type], 0);
  return {
    ...{ width: display.width, height: display.height },
    ...chosen,
    compression: compression[0],
    chromaticities: readChromaticities(attributes.get('chromaticities')),
    blocks: tiles
      ? listTiles(data, tiles, end, lineBytes)
      : listLines(data, compression[1], end, lineBytes),
  };
}

/**
 * Checks each block against the table and against its own place, and data whose decoder does not. ffmpeg leaves out
 * blocks that it cannot read, and answers with zeros in their place.
 *
 * @throws MEDIA_CORRUPT
 */
export function checkBlocks(source: ByteSource, { blocks, compression }: OpenExrHeader): void {
  const { tableAt, count, headBytes, place, fullBytes } = blocks;
  const table = Buffer.from(source.read(tableAt, count * 8));
  if (table.length < count * 8) {
    throw damaged('its table of blocks is incomplete', source.length);
  }
  for (let index = 0; index < count; index++) {
    const name = `block ${grouped(index + 1)} of ${grouped(count)}`;
    const offset = Number(table.readBigUInt64LE(index * 8));
    const entryAt = tableAt + index * 8;
    if (offset < tableAt + count * 8 || offset + headBytes > source.length) {
      throw damaged(`${name} is missing, or lies outside the file`, entryAt);
    }
    const head = Buffer.from(source.read(offset, headBytes));
    const isInPlace = place(index).every((value, at) => head.readInt32LE(at * 4) === value);
    if (!isInPlace) throw damaged(`${name} belongs to another place`, offset);
    const size = head.readInt32LE(headBytes - 4);
    const full = fullBytes(index);
    if (size <= 0 || size > full) throw damaged(`${name} has ${grouped(size)} bytes`, offset);
    const dataAt = offset + headBytes;
    if (dataAt + size > source.length) throw damaged(`${name} is incomplete`, source.length);
    // A block that compression would enlarge is stored as it is.
    if (size < full && !isComplete(compression, () => source.read(dataAt, size), full)) {
      throw damaged(`the data of ${name} cannot be decompressed`, dataAt);
    }
  }
}

/** Whether compressed data expands to `full` bytes. True for compressions whose size only the decoder knows. */
function isComplete(compression: string, read: () => Uint8Array, full: number): boolean {
  switch (compression) {
    case 'none':
      return false;
    case 'RLE':
      return countRunLengths(read()) === full;
    case 'ZIP':
    case 'ZIPS':
      return inflatesTo(read(), full);
    case 'PXR24':
      // Floats lose a byte each.
      return inflatesTo(read(), null, full);
    default:
      return true;
  }
}

function inflatesTo(data: Uint8Array, expected: number | null, limit = expected ?? 0): boolean {
  try {
    const { length } = inflateSync(data, { maxOutputLength: Math.max(1, limit) });
    return expected === null || length === expected;
  } catch {
    return false;
  }
}

/** Length in bytes of run-length encoded data after decoding; NaN if it is cut off. Source: OpenEXR, ImfRle. */
function countRunLengths(data: Uint8Array): number {
  let bytes = 0;
  let at = 0;
  while (at < data.length) {
    const count = ((data[at] as number) << 24) >> 24;
    const length = count < 0 ? -count : count + 1;
    at += count < 0 ? 1 + length : 2;
    bytes += length;
  }
  return at === data.length ? bytes : NaN;
}

interface Attributes {
  readonly attributes: ReadonlyMap<string, Buffer>;
  /** Offset of the first byte after the header. */
  readonly end: number;
}

function readAttributes(bytes: Buffer): Attributes {
  const attributes = new Map<string, Buffer>();
  let at = FIRST_ATTRIBUTE;
  const readText = (): string => {
    const end = bytes.indexOf(0, at);
    if (end < 0) throw damaged('its header is incomplete', bytes.length);
    const text = bytes.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  for (;;) {
    const name = readText();
    if (name === '') return { attributes, end: at };
    readText();
    if (at + 4 > bytes.length) throw damaged('its header is incomplete', bytes.length);
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (at + length > bytes.length) throw damaged('its header is incomplete', bytes.length);
    attributes.set(name, bytes.subarray(at, at + length));
    at += length;
  }
}

interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function readWindow(box: Buffer, byte: number): Window {
  const [left, top, right, bottom] = [0, 4, 8, 12].map((at) => box.readInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const [width, height] = [right - left + 1, bottom - top + 1];
  if (width < 1 || height < 1) throw damaged('a window of its header is empty', byte);
  return { left, top, width, height };
}

interface Channel {
  readonly name: string;
  readonly type: (typeof SAMPLE_TYPES)[number];
  readonly isSubsampled: boolean;
}

function readChannels(list: Buffer, byte: number): readonly Channel[] {
  const channels: Channel[] = [];
  for (let at = 0; list[at] !== 0;) {
    const end = list.indexOf(0, at);
    if (end < 0 || end + 17 > list.length) throw damaged('its list of channels is cut off', byte);
    const type = SAMPLE_TYPES[list.readInt32LE(end + 1)];
    if (type === undefined) throw damaged('a channel has an unknown sample type', byte);
    const isSubsampled = list.readInt32LE(end + 9) !== 1 || list.readInt32LE(end + 13) !== 1;
    channels.push({ name: list.toString('latin1', at, end), type, isSubsampled });
    at = end + 17;
    if (at >= list.length) throw damaged('its list of channels is cut off', byte);
  }
  return channels;
}

function chooseChannels(
  channels: readonly Channel[],
): Pick<OpenExrHeader, 'planes' | 'sampleType'> {
  const find = (name: string) => channels.find((channel) => channel.name === name);
  if (channels.some(({ isSubsampled }) => isSubsampled)) {
    throw unsupported('subsampled channels (luminance and chroma)');
  }
  const hasColor = ['R', 'G', 'B'].every(find);
  if (!hasColor && (!find('Y') || find('RY') || find('BY'))) {
    throw unsupported(`${channels.length} channels without R, G and B, and without Y alone`);
  }
  // ffmpeg reads alpha with colors only.
  const planes = hasColor
    ? (['G', 'B', 'R', ...(find('A') ? (['A'] as const) : [])] as const)
    : (['Y'] as const);
  if (!hasColor && ['A', 'R', 'G', 'B', 'U', 'V', 'W', 'X', 'Z'].some(find)) {
    throw unsupported('a channel Y with other channels');
  }
  const [sampleType, other] = new Set(planes.map((name) => (find(name) as Channel).type));
  if (other !== undefined) throw unsupported('channels of different sample types');
  if (sampleType === undefined || sampleType === 'uint') throw unsupported('uint samples');
  return { planes, sampleType };
}

function readChromaticities(value: Buffer | undefined): Chromaticities | null {
  if (!value || value.length < 32) return null;
  const points = Array.from({ length: 8 }, (_, at) => value.readFloatLE(at * 4));
  const isKnown = points.every((point, at) => Math.abs(point - (BT709[at] as number)) < 0.002);
  if (isKnown) return null;
  const isUsable = points.every((point) => Number.isFinite(point)) && points[7] !== 0;
  if (!isUsable) throw unsupported('invalid chromaticities');
  return points;
}

/** Source: ITU-R BT.709. */
export const BT709: Chromaticities = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329];

function listLines(
  { top, width, height }: Window,
  lines: number,
  tableAt: number,
  lineBytes: (width: number) => number,
): OpenExrBlocks {
  return {
    ...{ tableAt, count: Math.ceil(height / lines), headBytes: 8 },
    place: (index) => [top + index * lines],
    fullBytes: (index) => lineBytes(width) * Math.min(lines, height - index * lines),
  };
}

function listTiles(
  { width, height }: Window,
  tiles: Buffer,
  tableAt: number,
  lineBytes: (width: number) => number,
): OpenExrBlocks {
  const [tileWidth, tileHeight] = [tiles.readUInt32LE(0), tiles.readUInt32LE(4)];
  if (tileWidth < 1 || tileHeight < 1) throw damaged('its tiles are empty', tableAt);
  const [across, down] = [Math.ceil(width / tileWidth), Math.ceil(height / tileHeight)];
  const place = (index: number) => [index % across, Math.floor(index / across), 0, 0] as const;
  return {
    ...{ tableAt, count: across * down, headBytes: 20, place },
    fullBytes(index) {
      const [column, row] = place(index);
      return (
        lineBytes(Math.min(tileWidth, width - column * tileWidth)) *
        Math.min(tileHeight, height - row * tileHeight)
      );
    },
  };
}

function unsupported(feature: string) {
  return unsupportedFeature('OpenEXR', feature, REMEDY);
}

export function damaged(finding: string, byte?: number) {
  return damagedImage({ format: 'OpenEXR', finding, byte });
}
