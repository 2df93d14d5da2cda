import type { ByteSource } from '../byte-source.js';
import { damagedImage, grouped, unsupportedFeature } from '../image-errors.js';

/** A component of a JPEG 2000 image: a plane of samples. */
export interface Component {
  readonly bits: number;
  readonly isSigned: boolean;
  /** Grid points per sample, on each axis: 2 for subsampled chroma. */
  readonly across: number;
  readonly down: number;
}

/** What the main header of a codestream declares. */
export interface Codestream {
  /** Place in the file, in bytes. */
  readonly offset: number;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly components: readonly Component[];
  /** Resolution levels below the full size that all components have: each halves both sides. */
  readonly levels: number;
  /** Whether the wavelet transform of all components is the irreversible one, whose step sizes scale the samples. */
  readonly isIrreversible: boolean;
}

/** Name of the format in messages. */
export const LABEL = 'JPEG 2000';

export const REMEDY = 'Save it as a JPEG 2000 file with 8 or 16 bits in sRGB or gray, or as TIFF.';

/** Codes of the markers that are read. */
const MARKER = {
  startOfCodestream: 0xff4f,
  size: 0xff51,
  codingStyle: 0xff52,
  componentCodingStyle: 0xff53,
  startOfTilePart: 0xff90,
  startOfData: 0xff93,
  endOfCodestream: 0xffd9,
} as const;

/** Bytes of the fixed part of the SIZ marker segment, with its marker; three bytes per component follow. */
export const SIZE_SEGMENT_BYTES = 40;

/** Segments of a main header: those of each component, comments and packet lengths. */
const MAX_SEGMENTS = 20_000;

/**
 * Reads the main header. Source: ISO/IEC 15444-1, annex A (and ITU-T T.814 for HTJ2K, which has the same headers).
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function readCodestream(source: ByteSource, offset: number, length: number): Codestream {
  const size = readSize(source, offset);
  let levels = Infinity;
  let isIrreversible = true;
  const note = (style: Uint8Array) => {
    if (style.length < 5) throw damaged('its coding style is incomplete', offset);
    levels = Math.min(levels, style[0] as number);
    isIrreversible &&= style[4] === 0;
  };
  for (const { marker, at, bytes } of listSegments(source, offset + 2)) {
    if (marker === MARKER.startOfTilePart) {
      if (levels > 32) throw damaged('its coding style is missing', at);
      return { ...size, offset, length, levels, isIrreversible };
    }
    // Scod, progression order, layers and component transform; then the style of all components.
    if (marker === MARKER.codingStyle) note(bytes.subarray(9));
    if (marker === MARKER.componentCodingStyle) {
      note(bytes.subarray(size.components.length < 257 ? 6 : 7));
    }
  }
  throw damaged('it ends in its header', source.length);
}

type Size = Omit<Codestream, 'offset' | 'length' | 'levels' | 'isIrreversible'>;

function readSize(source: ByteSource, offset: number): Size {
  const bytes = source.read(offset, 2 + SIZE_SEGMENT_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    bytes.length < 2 + SIZE_SEGMENT_BYTES ||
    view.getUint16(0) !== MARKER.startOfCodestream ||
    view.getUint16(2) !== MARKER.size
  ) {
    throw damaged('its size is missing', offset);
  }
  const [right, bottom, left, top] = [8, 12, 16, 20].map((at) => view.getUint32(at)) as Quad;
  const [tileWidth, tileHeight, tileLeft, tileTop] = [24, 28, 32, 36].map((at) =>
    view.getUint32(at),
  ) as Quad;
  const count = view.getUint16(40);
  const described = source.read(offset + 2 + SIZE_SEGMENT_BYTES, count * 3);
  const isValid =
    left < right && top < bottom && tileWidth > 0 && tileHeight > 0 && count > 0 && count <= 16_384;
  if (!isValid || described.length < count * 3) throw damaged('its size is invalid', offset + 8);
  // The decoder's interface gives no place for the image area.
  if (left !== 0 || top !== 0 || tileLeft !== 0 || tileTop !== 0) {
    throw unsupportedFeature(LABEL, 'an image area that does not start at 0, 0', REMEDY);
  }
  const components = Array.from({ length: count }, (_, index): Component => {
    const [depth = 0, across = 0, down = 0] = described.subarray(index * 3, index * 3 + 3);
    const bits = (depth & 0x7f) + 1;
    if (across === 0 || down === 0 || bits > 38) {
      throw damaged(`component ${index} is invalid`, offset + 42 + index * 3);
    }
    return { bits, isSigned: (depth & 0x80) !== 0, across, down };
  });
  return { width: right, height: bottom, tileWidth, tileHeight, components };
}

type Quad = [number, number, number, number];

interface Segment {
  readonly marker: number;
  /** Offset of the marker. */
  readonly at: number;
  /** Marker, length and the first parameters. */
  readonly bytes: Uint8Array;
}

/** The segments of the main header, and the first tile-part's. */
function* listSegments(source: ByteSource, start: number): Generator<Segment> {
  let at = start;
  for (let count = 0; count < MAX_SEGMENTS; count += 1) {
    const bytes = source.read(at, 16);
    if (bytes.length < 4) throw damaged('it ends in its header', source.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const marker = view.getUint16(0);
    const length = view.getUint16(2);
    if (marker < 0xff00 || length < 2) throw damaged('it has an invalid marker', at);
    yield { marker, at, bytes };
    at += 2 + length;
  }
  throw damaged(`its header has more than ${MAX_SEGMENTS} segments`, at);
}

/**
 * Checks that the parts of all tiles are complete. A decoder would leave the missing ones black.
 *
 * @throws MEDIA_CORRUPT
 */
export function checkTileParts(source: ByteSource, codestream: Codestream): void {
  const { offset, length, width, height, tileWidth, tileHeight } = codestream;
  const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
  const end = Math.min(source.length, offset + length);
  const seen = new Set<number>();
  let at = findFirstTilePart(source, offset);
  while (at < end) {
    const bytes = source.read(at, 12);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length >= 2 && view.getUint16(0) === MARKER.endOfCodestream) break;
    if (bytes.length < 12) throw damaged('it ends in a tile', source.length);
    if (view.getUint16(0) !== MARKER.startOfTilePart) {
      // What follows the last tile-part does not matter.
      if (seen.size === tiles) break;
      throw damaged('a tile is missing where one is expected', at);
    }
    const tile = view.getUint16(4);
    const partBytes = view.getUint32(6);
    if (tile >= tiles) throw damaged(`it has no tile ${tile}`, at);
    seen.add(tile);
    // The last tile-part may leave its length open.
    if (partBytes === 0) break;
    if (partBytes < 14) throw damaged(`tile ${tile} has an invalid length`, at);
    if (at + partBytes > end) {
      const finding = `tile ${tile} ends ${grouped(at + partBytes - end)} bytes beyond the end of the file`;
      throw damaged(finding, end);
    }
    at += partBytes;
  }
  if (seen.size < tiles) {
    throw damaged(`it has ${grouped(seen.size)} of ${grouped(tiles)} tiles`, Math.min(at, end));
  }
}

function findFirstTilePart(source: ByteSource, offset: number): number {
  for (const { marker, at } of listSegments(source, offset + 2)) {
    if (marker === MARKER.startOfTilePart) return at;
  }
  return source.length;
}

export function damaged(finding: string, byte?: number, cause?: unknown) {
  return damagedImage({ format: LABEL, finding, byte, cause });
}
