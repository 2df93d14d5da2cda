import { MAX_AVIF_PIXELS, MAX_IMAGE_PIXELS } from '../config/limits.js';

interface ImageDecoder {
  /** Name of the format in messages. */
  readonly label: string;
  readonly matches: (header: string) => boolean;
  /** The libvips operation that decodes the format from a buffer. All other loaders stay blocked. */
  readonly loader: string;
  readonly maxPixels: number;
}

/** Longer than the brand list of any camera's ISO media header. */
const HEADER_BYTES = 256;

/**
 * Every image format that is decoded. A new format, JPEG XL for instance, is a new row: its signature, the libvips
 * loader, and the pixel limit that keeps its decoder below MAX_MEDIA_WORKER_BYTES.
 *
 * Signatures match the first HEADER_BYTES, read as Latin-1.
 */
export const IMAGE_FORMATS = {
  jpeg: {
    label: 'JPEG',
    matches: startsWith(/^\xff\xd8\xff/),
    loader: 'VipsForeignLoadJpegBuffer',
    maxPixels: MAX_IMAGE_PIXELS,
  },
  png: {
    label: 'PNG',
    // The dot is 0x1A: lint forbids control characters in regular expressions.
    matches: startsWith(/^\x89PNG\r\n.\n/),
    loader: 'VipsForeignLoadPngBuffer',
    maxPixels: MAX_IMAGE_PIXELS,
  },
  webp: {
    label: 'WebP',
    matches: startsWith(/^RIFF.{4}WEBP/s),
    loader: 'VipsForeignLoadWebpBuffer',
    maxPixels: MAX_IMAGE_PIXELS,
  },
  gif: {
    label: 'GIF',
    matches: startsWith(/^GIF8[79]a/),
    loader: 'VipsForeignLoadNsgifBuffer',
    maxPixels: MAX_IMAGE_PIXELS,
  },
  tiff: {
    label: 'TIFF',
    // `II` is little-endian, `MM` big-endian; version 42 (`*`) is TIFF, 43 (`+`) BigTIFF.
    matches: startsWith(/^(?:II[*+]\0|MM\0[*+])/),
    loader: 'VipsForeignLoadTiffBuffer',
    maxPixels: MAX_IMAGE_PIXELS,
  },
  avif: {
    label: 'AVIF',
    matches: hasBrand('avif', 'avis'),
    loader: 'VipsForeignLoadHeifBuffer',
    maxPixels: MAX_AVIF_PIXELS,
  },
} as const satisfies Record<string, ImageDecoder>;

export type ImageFormat = keyof typeof IMAGE_FORMATS;

const isHeic = hasBrand('heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1');

/**
 * Matches the first bytes of a file against IMAGE_FORMATS.
 *
 * @returns `heic` for HEIC, which is recognized for its error message but not decoded; `null` if no signature matches.
 */
export function matchImageFormat(bytes: Uint8Array): ImageFormat | 'heic' | null {
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES)).toString('latin1');
  const formats = Object.keys(IMAGE_FORMATS) as ImageFormat[];
  const format = formats.find((name) => IMAGE_FORMATS[name].matches(header));
  return format ?? (isHeic(header) ? 'heic' : null);
}

function startsWith(signature: RegExp): (header: string) => boolean {
  return (header) => signature.test(header);
}

function hasBrand(...brands: readonly string[]): (header: string) => boolean {
  return (header) => isoMediaBrands(header).some((brand) => brands.includes(brand));
}

/**
 * Major and compatible brands of the `ftyp` box (ISO/IEC 14496-12, section 4.3); empty for files without this box.
 */
function isoMediaBrands(header: string): string[] {
  const [sizeEnd, typeEnd, versionAt] = [4, 8, 12];
  if (header.slice(sizeEnd, typeEnd) !== 'ftyp') return [];
  const boxBytes = Buffer.from(header.slice(0, sizeEnd), 'latin1').readUInt32BE();
  const end = Math.min(boxBytes, header.length);
  const brands: string[] = [];
  for (let at = typeEnd; at + 4 <= end; at += 4) {
    // The minor version follows the major brand.
    if (at !== versionAt) brands.push(header.slice(at, at + 4));
  }
  return brands;
}
