import type { ByteSource } from '../byte-source.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';

/** How the pixels of a BMP file are stored. */
export type BmpEncoding =
  /** Indices into the palette. */
  | { readonly kind: 'indexed'; readonly isRunLength: boolean; readonly palette: Uint8Array }
  /** Blue, green and red bytes. */
  | { readonly kind: 'bytes' }
  /** The bits of red, green, blue and alpha in a pixel of 16 or 32 bits; 0 for no alpha. */
  | { readonly kind: 'masked'; readonly masks: readonly number[] };

/** What the headers of a BMP file declare. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Whether the first stored row is the top one. */
  readonly isTopDown: boolean;
  readonly bitsPerPixel: number;
  readonly encoding: BmpEncoding;
  readonly hasAlpha: boolean;
  /** Offset of the pixels. */
  readonly pixelsAt: number;
}

const FILE_HEADER_BYTES = 14;

/** Sizes of the header variants: OS/2 1 (`BITMAPCOREHEADER`), and those that begin like `BITMAPINFOHEADER`. */
const CORE_HEADER_BYTES = 12;
const INFO_HEADER_BYTES = 40;
const OS2_HEADER_BYTES = 64;
const MAX_HEADER_BYTES = 124;

/** Values of `biCompression`. */
const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const JPEG = 4;
const PNG = 5;
const ALPHA_BITFIELDS = 6;

const REMEDY = 'Save it as an uncompressed BMP, or as PNG.';

/** The masks of 16-bit and 32-bit pixels without declared masks. The fourth byte of 32-bit pixels is unused. */
const DEFAULT_MASKS = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  32: [0xff0000, 0x00ff00, 0x0000ff, 0],
} as const;

/**
 * Reads the headers and the palette. Sources: Microsoft, "Bitmap Storage" (Windows GDI); OS/2 `BITMAPCOREHEADER`.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function readBmpHeader(source: ByteSource): BmpHeader {
  const bytes = source.read(0, FILE_HEADER_BYTES + MAX_HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = bytes.length >= 18 ? view.getUint32(FILE_HEADER_BYTES, true) : 0;
  if (headerBytes > MAX_HEADER_BYTES) {
    throw damaged(`its header has ${headerBytes} bytes`, FILE_HEADER_BYTES);
  }
  if (bytes.length < FILE_HEADER_BYTES + Math.max(headerBytes, CORE_HEADER_BYTES)) {
    throw damaged('its header is incomplete', Math.min(source.length, FILE_HEADER_BYTES));
  }
  const pixelsAt = view.getUint32(10, true);
  if (headerBytes === CORE_HEADER_BYTES) {
    const width = view.getUint16(18, true);
    const height = view.getUint16(20, true);
    const bitsPerPixel = view.getUint16(24, true);
    const place = { source, at: FILE_HEADER_BYTES + headerBytes, entryBytes: 3 };
    const encoding = readRgbEncoding(bitsPerPixel, place, 2 ** bitsPerPixel);
    return checkSize({ width, height, isTopDown: false, bitsPerPixel, encoding, pixelsAt });
  }
  if (headerBytes < INFO_HEADER_BYTES) {
    throw unsupportedFeature('BMP', `a header of ${headerBytes} bytes`, REMEDY);
  }
  const height = view.getInt32(22, true);
  const bitsPerPixel = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const size = { width: view.getInt32(18, true), height: Math.abs(height) };
  const encoding = readEncoding(source, view, { headerBytes, bitsPerPixel, compression });
  return checkSize({ ...size, isTopDown: height < 0, bitsPerPixel, encoding, pixelsAt });
}

interface InfoHeader {
  readonly headerBytes: number;
  readonly bitsPerPixel: number;
  readonly compression: number;
}

function readEncoding(
  source: ByteSource,
  view: DataView,
  { headerBytes, bitsPerPixel, compression }: InfoHeader,
): BmpEncoding {
  const colorsUsed = view.getUint32(46, true);
  const colors = colorsUsed === 0 || colorsUsed > 256 ? 2 ** bitsPerPixel : colorsUsed;
  const place = { source, at: FILE_HEADER_BYTES + headerBytes, entryBytes: 4 };
  const isOs2 = headerBytes === OS2_HEADER_BYTES;
  switch (compression) {
    case RGB:
      return readRgbEncoding(bitsPerPixel, place, colors);
    case RLE8:
    case RLE4:
      if (bitsPerPixel !== (compression === RLE8 ? 8 : 4)) {
        throw damaged(`it has ${bitsPerPixel} bits per pixel with run lengths`, 28);
      }
      return { kind: 'indexed', isRunLength: true, palette: readPalette(place, colors) };
    case BITFIELDS:
    case ALPHA_BITFIELDS: {
      if (isOs2) throw unsupportedFeature('BMP', 'OS/2 Huffman compression', REMEDY);
      if (bitsPerPixel !== 16 && bitsPerPixel !== 32) {
        throw damaged(`it has ${bitsPerPixel} bits per pixel with masks`, 28);
      }
      // The masks follow the shortest header, and are a part of the others.
      const hasAlpha = headerBytes >= 56 || compression === ALPHA_BITFIELDS;
      const masks = source.read(54, hasAlpha ? 16 : 12);
      if (masks.length < (hasAlpha ? 16 : 12))
        throw damaged('its masks are missing', source.length);
      const maskView = new DataView(masks.buffer, masks.byteOffset, masks.byteLength);
      const channels = [0, 4, 8].map((at) => maskView.getUint32(at, true));
      const alpha = hasAlpha ? maskView.getUint32(12, true) : 0;
      return { kind: 'masked', masks: [...channels, alpha] };
    }
    case JPEG:
    case PNG: {
      const feature = isOs2 ? 'OS/2 run lengths of 24 bits' : 'an embedded JPEG or PNG file';
      throw unsupportedFeature('BMP', feature, REMEDY);
    }
    default:
      throw unsupportedFeature('BMP', `compression code (${compression})`, REMEDY);
  }
}

function readRgbEncoding(bitsPerPixel: number, place: PalettePlace, colors: number): BmpEncoding {
  switch (bitsPerPixel) {
    case 1:
    case 2:
    case 4:
    case 8:
      return { kind: 'indexed', isRunLength: false, palette: readPalette(place, colors) };
    case 16:
    case 32:
      return { kind: 'masked', masks: DEFAULT_MASKS[bitsPerPixel] };
    case 24:
      return { kind: 'bytes' };
    default:
      throw unsupportedFeature('BMP', `${bitsPerPixel} bits per pixel`, REMEDY);
  }
}

interface PalettePlace {
  readonly source: ByteSource;
  readonly at: number;
  readonly entryBytes: number;
}

/** RGB, three bytes per color of 256. Missing colors are black. */
function readPalette({ source, at, entryBytes }: PalettePlace, colors: number): Uint8Array {
  const entries = source.read(at, Math.min(colors, 256) * entryBytes);
  const palette = new Uint8Array(256 * 3);
  for (let color = 0; (color + 1) * entryBytes <= entries.length; color += 1) {
    const from = color * entryBytes;
    palette.set([entries[from + 2] ?? 0, entries[from + 1] ?? 0, entries[from] ?? 0], color * 3);
  }
  return palette;
}

function checkSize(header: Omit<BmpHeader, 'hasAlpha'>): BmpHeader {
  const { encoding } = header;
  if (header.width < 1 || header.height < 1)
    throw damaged('its width or height is not positive', 18);
  return { ...header, hasAlpha: encoding.kind === 'masked' && encoding.masks[3] !== 0 };
}

function damaged(finding: string, byte: number) {
  return damagedImage({ format: 'BMP', finding, byte });
}
