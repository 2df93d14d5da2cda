import { hasBrand, startsWith } from './signatures.js';
import { isCameraRawFile } from './camera-raw/signatures.js';
import { isTga } from './tga/decode-tga.js';

interface ImageDecoder {
  /** Name of the format in messages. */
  readonly label: string;
  readonly matches: (header: string) => boolean;
  /**
   * The libvips operations that decode the format, without their endings `Buffer` and `File`. All others are blocked.
   * `null`: it is decoded here.
   */
  readonly loader: string | null;
}

/** Longer than the brand list of any camera's ISO media header. */
const HEADER_BYTES = 256;

/**
 * Every image format that is decoded. A new format, JPEG XL for instance, is a new row: its signature and the libvips
 * loader. `openImage` adds the pixel limit that keeps its decoder below MAX_MEDIA_WORKER_BYTES.
 *
 * Signatures match the first HEADER_BYTES, read as Latin-1.
 */
export const IMAGE_FORMATS = {
  jpeg: {
    label: 'JPEG',
    matches: startsWith(/^\xff\xd8\xff/),
    loader: 'VipsForeignLoadJpeg',
  },
  png: {
    label: 'PNG',
    // The dot is 0x1A: lint forbids control characters in regular expressions.
    matches: startsWith(/^\x89PNG\r\n.\n/),
    loader: 'VipsForeignLoadPng',
  },
  webp: {
    label: 'WebP',
    matches: startsWith(/^RIFF.{4}WEBP/s),
    loader: 'VipsForeignLoadWebp',
  },
  gif: {
    label: 'GIF',
    matches: startsWith(/^GIF8[79]a/),
    loader: 'VipsForeignLoadNsgif',
  },
  tiff: {
    label: 'TIFF',
    // `II` is little-endian, `MM` big-endian; version 42 (`*`) is TIFF, 43 (`+`) BigTIFF.
    matches: startsWith(/^(?:II[*+]\0|MM\0[*+])/),
    loader: 'VipsForeignLoadTiff',
  },
  avif: {
    label: 'AVIF',
    matches: hasBrand('avif', 'avis'),
    loader: 'VipsForeignLoadHeif',
  },
  heic: {
    label: 'HEIC',
    // HEIF files with HEVC; the first two brands are those of HEIF with any compression.
    matches: hasBrand('mif1', 'msf1', 'heic', 'heix', 'heim', 'heis', 'hevc', 'hevx'),
    loader: 'VipsForeignLoadHeif',
  },
  bmp: {
    label: 'BMP',
    // The fields of the file header after its size are reserved.
    matches: startsWith(/^BM.{4}\0\0\0\0/s),
    loader: null,
  },
  pnm: {
    label: 'PNM',
    // PBM, PGM and PPM as text or binary, and PAM.
    matches: startsWith(/^(?:P[1-6][\s#]|P7\n)/),
    loader: null,
  },
  jpeg2000: {
    label: 'JPEG 2000',
    // A JP2 file, or a bare codestream.
    matches: startsWith(/^(?:\0\0\0\fjP {2}\r\n\x87\n|\xff\x4f\xff\x51)/),
    loader: null,
  },
  jxl: {
    label: 'JPEG XL',
    matches: startsWith(/^(?:\xff\n|\0\0\0\fJXL \r\n\x87\n)/),
    loader: null,
  },
  ico: {
    label: 'ICO',
    // An icon or a cursor, with 1 to 255 images whose entries end in a reserved zero.
    matches: (header) => header.charCodeAt(2) <= 2 && /^\0\0[^\0]\0[^\0]\0.{3}\0/s.test(header),
    loader: null,
  },
  psd: {
    label: 'PSD',
    // Version 2 is PSB, for large documents. The dots are control characters.
    matches: (header) => /^8BPS\0/.test(header) && [1, 2].includes(header.charCodeAt(5)),
    loader: null,
  },
  dicom: {
    label: 'DICOM',
    matches: startsWith(/^.{128}DICM/s),
    loader: null,
  },
  hdr: {
    label: 'Radiance HDR',
    matches: startsWith(/^#\?(?:RADIANCE|RGBE)\n/),
    loader: null,
  },
  openexr: {
    label: 'OpenEXR',
    // The lower byte of the version comes next.
    matches: (header) => header.startsWith('v/1\x01'),
    loader: null,
  },
  djvu: {
    label: 'DjVu',
    matches: startsWith(/^AT&TFORM/),
    loader: null,
  },
  raw: {
    label: 'camera raw',
    // CR3, RAF, ORF, RW2, X3F, MRW. Raw files of other makers are TIFF files.
    matches: isCameraRawFile,
    loader: null,
  },
  pdf: {
    label: 'PDF',
    // White space and the byte order mark of UTF-8 come from programs that took the file for text.
    matches: startsWith(/^(?:\xef\xbb\xbf)?\s*%PDF-/),
    loader: null,
  },
  tga: {
    label: 'TGA',
    // Without a signature, and therefore last.
    matches: isTga,
    loader: null,
  },
} as const satisfies Record<string, ImageDecoder>;

export type ImageFormat = keyof typeof IMAGE_FORMATS;

/** Matches the first bytes of a file against IMAGE_FORMATS. */
export function matchImageFormat(bytes: Uint8Array): ImageFormat | null {
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES)).toString('latin1');
  const formats = Object.keys(IMAGE_FORMATS) as ImageFormat[];
  return formats.find((name) => IMAGE_FORMATS[name].matches(header)) ?? null;
}
