import type { ByteSource } from '../byte-source.js';
import { unsupportedFeature } from '../image-errors.js';
import { ONLY_PAGE, type PagePosition, placePage } from '../page-range.js';
import { canDecompress, unsupportedCompression } from './decompress-block.js';
import { createPixelConverter } from './pixel-converter.js';
import { type EmbeddedJpeg, findRawPreview, isCameraRaw, type RawPreview } from './raw-preview.js';
import { findPage } from './select-page.js';
import { readTiff, TAG, type TiffDirectory, type TiffFile } from './tiff-directory.js';
import { PHOTOMETRIC } from './tiff-names.js';
import { blockBytes, readPage, type TiffPage } from './tiff-page.js';

/** What to decode in a TIFF file, and how. */
export type TiffImage =
  | RawTiff
  /** The preview of a camera raw file. */
  | { readonly kind: 'jpeg'; readonly jpeg: EmbeddedJpeg; readonly orientation: number }
  /** A page that libvips decodes right, and that fails there if it is damaged. */
  | { readonly kind: 'baseline'; readonly page: TiffPage }
  /** A page that `decodeTiff` decodes. libvips decodes it right too if its samples have the full range of 16 bits. */
  | {
      readonly kind: 'other';
      readonly file: TiffFile;
      readonly page: TiffPage;
      readonly isBaselineIn16Bits: boolean;
    };

/** A camera raw file in the structure of TIFF. */
export interface RawTiff {
  readonly kind: 'raw';
  /** Pixels on the longer side of the preview that serves as the picture; 0 without one. */
  readonly previewSide: number;
  /** Pixels on the longer side of the sensor data; 0 if unknown. */
  readonly sensorSide: number;
  /** @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, also without a preview. */
  readonly openPreview: () => TiffImage;
}

interface OpenedTiff {
  readonly image: TiffImage;
  readonly position: PagePosition;
}

/**
 * Chooses the picture of a TIFF file and its decoder by what the file says of itself.
 *
 * @param page the requested page. Undefined: the first page of a document, else the largest picture.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, INVALID_PARAMETER for a page that the file does not have
 */
export function openTiff(source: ByteSource, page?: number): OpenedTiff {
  const file = readTiff(source);
  if (isCameraRaw(file)) {
    placePage(page, 1, 'camera raw');
    return { image: openRaw(file), position: ONLY_PAGE };
  }
  const { directory, position } = findPage(file, page);
  return { image: openPage(file, directory), position };
}

function openRaw(file: TiffFile): RawTiff {
  const { preview, sensorSide } = findRawPreview(file);
  const openPreview = () => openRawPreview(file, preview);
  return { kind: 'raw', previewSide: preview?.side ?? 0, sensorSide, openPreview };
}

function openRawPreview(file: TiffFile, preview: RawPreview | null): TiffImage {
  if (preview?.kind === 'page') return openPage(file, preview.directory);
  if (preview?.kind === 'jpeg') {
    const orientation = file.chain[0]?.number(TAG.orientation) ?? 1;
    return { kind: 'jpeg', jpeg: preview.jpeg, orientation };
  }
  const feature = `camera raw data${nameMaker(file)} without a full-size preview`;
  throw unsupportedFeature(
    'TIFF',
    feature,
    'Develop it in a raw converter, and send a JPEG or TIFF. Or install LibRaw on the server (Debian: `apt-get install libraw-bin`).',
  );
}

/** ` (DNG)`, or nothing. The maker's name in the file is untrusted text. */
function nameMaker({ chain }: TiffFile): string {
  return chain.some((directory) => directory.has(TAG.dngVersion)) ? ' (DNG)' : '';
}

function openPage(file: TiffFile, directory: TiffDirectory): TiffImage {
  const page = readPage(file, directory);
  if (isBaseline(page)) return { kind: 'baseline', page };
  if (!canDecompress(page)) throw unsupportedCompression(page);
  // Throws for sample types and color spaces that are not supported, before any pixel is read.
  createPixelConverter(page);
  return { kind: 'other', file, page, isBaselineIn16Bits: isBaselineIn16Bits(page) };
}

const CCITT = [2, 3, 4, 32_771] as const;
const JPEG = 7;
const LZW = 5;

/** Compression schemes whose damaged strips are errors in libvips. */
const STRIP_COMPRESSIONS: ReadonlySet<number> = new Set([...[1, LZW, JPEG, 8, 32_946], ...CCITT]);

const STRAIGHT_OR_PREMULTIPLIED: ReadonlySet<number> = new Set([1, 2]);

/**
 * Whether libvips decodes a page right. It turns tiles that cannot be decoded into black, except JPEG tiles; it does
 * not scale samples to their range; and it takes every fourth sample for alpha.
 */
function isBaseline(page: TiffPage): boolean {
  const { photometric, bits, sampleFormat, compression, extraSamples, isPlanar, grid } = page;
  if (sampleFormat !== 'uint') return false;
  if (grid.kind === 'tile' ? compression !== JPEG : !STRIP_COMPRESSIONS.has(compression))
    return false;
  const hasKnownExtra =
    extraSamples.length === 0 ||
    (extraSamples.length === 1 && STRAIGHT_OR_PREMULTIPLIED.has(extraSamples[0] ?? 0));
  if (!hasKnownExtra) return false;
  switch (photometric) {
    case PHOTOMETRIC.whiteIsZero:
    case PHOTOMETRIC.blackIsZero:
      return bits === 8 || (bits <= 4 && bits !== 3 && extraSamples.length === 0);
    case PHOTOMETRIC.palette:
      // A palette that is too short is an error in `decodeTiff` only.
      return (
        (bits === 8 || bits === 4 || bits === 2 || bits === 1) &&
        extraSamples.length === 0 &&
        page.directory.numbers(TAG.colorMap).length >= 3 * 2 ** bits
      );
    case PHOTOMETRIC.rgb:
      return bits === 8;
    case PHOTOMETRIC.separated:
      return bits === 8 && (page.directory.number(TAG.inkSet) ?? 1) === 1;
    case PHOTOMETRIC.yCbCr:
      return bits === 8 && compression === JPEG && extraSamples.length === 0 && !isPlanar;
    default:
      return false;
  }
}

/** Bytes of a strip, which libvips decodes as a whole. `decodeTiff` cuts uncompressed ones. */
const MAX_VIPS_STRIP_BYTES = 64_000_000;

/** Whether libvips, which drops the lower byte of 16-bit samples, decodes a page right if they have the full range. */
function isBaselineIn16Bits(page: TiffPage): boolean {
  const { photometric, bits, sampleFormat, compression, extraSamples, grid } = page;
  return (
    bits === 16 &&
    sampleFormat === 'uint' &&
    (photometric === PHOTOMETRIC.blackIsZero || photometric === PHOTOMETRIC.rgb) &&
    extraSamples.length === 0 &&
    grid.kind === 'strip' &&
    STRIP_COMPRESSIONS.has(compression) &&
    blockBytes(page, grid.width, grid.height) <= MAX_VIPS_STRIP_BYTES
  );
}
