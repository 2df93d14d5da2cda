import type { Metadata } from 'sharp';

import {
  MAX_AVIF_PIXELS,
  MAX_HEIC_BYTES,
  MAX_HEIC_PIXELS,
  MAX_IMAGE_PIXELS,
  MAX_WHOLE_IMAGE_PIXELS,
} from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { type ByteSource, memorySource } from './byte-source.js';
import { decodeBmp } from './bmp/decode-bmp.js';
import { readBmpHeader } from './bmp/read-bmp-header.js';
import { openCameraRaw } from './camera-raw/develop-raw.js';
import { damagedImage, unsupportedFeature } from './image-errors.js';
import { decodeHeif } from './heif/decode-heif.js';
import { IMAGE_FORMATS, type ImageFormat } from './image-formats.js';
import { limitBmp, limitJpeg, limitPng, limitWebp, type PixelLimit } from './pixel-limits.js';
import { findJpegEnd, findUnsupportedJpeg, inspectJpeg } from './jpeg/inspect-jpeg.js';
import { withOrientation } from './jpeg/with-orientation.js';
import { readMetadata, type VipsInput } from './libvips.js';
import {
  checkBytes,
  openDicomImage,
  openDjVu,
  openIcoImage,
  openJpeg2000Image,
  openJxl,
  openOpenExr,
  openPsd,
  openRadiance,
  openTga,
} from './open-further-image.js';
import { type ImageFile, type OpenedImage, toInput, wholeOnly } from './opened-image.js';
import { locateDamage } from './locate-damage.js';
import { checkNoPage } from './page-range.js';
import type { Reduction } from './reduce-rows.js';
import { drawPdf, openPdf } from './pdf/open-pdf.js';
import { decodePnm } from './pnm/decode-pnm.js';
import { readPnmHeader } from './pnm/read-pnm-header.js';
import { decodeTiff, scanTiff } from './tiff/decode-tiff.js';
import { openTiff, type RawTiff, type TiffImage } from './tiff/open-tiff.js';
import { FULL_SIZE } from './tiff/raw-preview.js';
import { TAG } from './tiff/tiff-directory.js';
import type { TiffPage } from './tiff/tiff-page.js';

/**
 * Reads the header of an image, and finds by it what libvips would decode wrongly or not at all.
 *
 * @param page the requested page, counted from 1. Undefined: the one that the format chooses.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, INVALID_PARAMETER for a page that the file does not have
 */
export async function openImage(
  format: ImageFormat,
  file: ImageFile,
  page?: number,
): Promise<OpenedImage> {
  if (format === 'tiff') return await openTiffImage(file, page);
  if (format === 'pdf') return await openPdfPage(file, page);
  if (format === 'djvu') return openDjVu(file, page);
  const opened = await openPicture(format, file);
  checkNoPage(page, IMAGE_FORMATS[format].label);
  return opened;
}

/** Opens an image of a format without pages. */
async function openPicture(
  format: Exclude<ImageFormat, 'tiff' | 'pdf' | 'djvu'>,
  file: ImageFile,
): Promise<OpenedImage> {
  const { source } = file;
  switch (format) {
    case 'jpeg':
      return await openJpeg(file);
    case 'avif':
      return await openWithLibvips(
        format,
        file,
        asStill(source, 'avif'),
        wholeOnly(MAX_AVIF_PIXELS),
      );
    case 'heic':
      return await openHeic(file);
    case 'png':
      return await openWithLibvips(format, file, asIs(file), limitPng(source));
    case 'webp':
      return await openWithLibvips(format, file, asIs(file), limitWebp(source));
    case 'bmp':
      return openBmp(source);
    case 'pnm':
      return openPnm(source);
    case 'jpeg2000':
      return openJpeg2000Image(source);
    case 'jxl':
      return openJxl(source);
    case 'ico':
      return await openIcoImage(file);
    case 'psd':
      return openPsd(source);
    case 'dicom':
      return openDicomImage(source);
    case 'hdr':
      return openRadiance(source);
    case 'openexr':
      return openOpenExr(file);
    case 'raw':
      return await openCameraRaw(file.encoded);
    case 'tga':
      return openTga(source);
    case 'gif':
      return await openWithLibvips(format, file, asIs(file), wholeOnly(MAX_WHOLE_IMAGE_PIXELS));
  }
}

/** The error for an image that its decoder rejects. */
export function toImageError(
  format: ImageFormat,
  source: ByteSource,
  cause: unknown,
): SalamandraError {
  if (cause instanceof SalamandraError) return cause;
  const { label } = IMAGE_FORMATS[format];
  return damagedImage({ format: label, byte: locateDamage(format, source), cause });
}

/** libvips reads large files itself. */
function asIs({ encoded }: Pick<ImageFile, 'encoded'>): Uint8Array | string {
  return 'bytes' in encoded ? encoded.bytes : encoded.path;
}

async function openWithLibvips(
  format: ImageFormat,
  { source }: ImageFile,
  file: Uint8Array | string,
  limit: PixelLimit,
): Promise<OpenedImage> {
  const input = toInput(file);
  const header = await readHeader(format, source, input);
  const isAnimation = format === 'gif' || format === 'webp';
  const { width, height } = header.autoOrient;
  return {
    ...{ width, height, limit },
    channels: header.channels,
    frames: isAnimation ? (header.pages ?? 1) : 1,
    reducesBy: 'averaging',
    load: (page, reduction) =>
      Promise.resolve({ ...input, page, reducedSize: reduceSize({ width, height }, reduction) }),
  };
}

async function readHeader(
  format: ImageFormat,
  source: ByteSource,
  input: VipsInput,
): Promise<Metadata> {
  try {
    return await readMetadata(input);
  } catch (cause) {
    throw toImageError(format, source, cause);
  }
}

function reduceSize(
  { width, height }: { readonly width: number; readonly height: number },
  { across, down }: Reduction,
): VipsInput['reducedSize'] {
  if (across === 1 && down === 1) return null;
  return { width: Math.ceil(width / across), height: Math.ceil(height / down) };
}

async function openJpeg(file: ImageFile): Promise<OpenedImage> {
  const frame = inspectJpeg(file.source);
  const feature = frame === null ? null : findUnsupportedJpeg(frame);
  if (feature !== null) {
    throw unsupportedFeature('JPEG', feature, 'Save it as a baseline JPEG with 8 bits, or as PNG.');
  }
  const limit = frame === null ? wholeOnly(MAX_WHOLE_IMAGE_PIXELS) : limitJpeg(frame);
  return await openWithLibvips('jpeg', file, withEndMarker(file), limit);
}

const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** Bytes of a JPEG file that is searched for its end. */
const MAX_SEARCHED_BYTES = 200_000_000;

/** libvips fails at the end of the file, though all pixels may be there. At a marker it only warns of missing ones. */
function withEndMarker(file: ImageFile): Uint8Array | string {
  const { source } = file;
  const hasEnd = END_OF_IMAGE.equals(source.read(source.length - 2, 2));
  if (hasEnd || source.length > MAX_SEARCHED_BYTES) return asIs(file);
  const bytes = source.read(0, source.length);
  return findJpegEnd(bytes) === 'unmarked' ? Buffer.concat([bytes, END_OF_IMAGE]) : asIs(file);
}

/** libvips only recognizes HEIF files by their major brand, and not by those of image sequences. */
function asStill(source: ByteSource, brand: 'avif' | 'heic'): Uint8Array {
  const copy = Buffer.from(source.read(0, source.length));
  copy.write(brand, 8, 'latin1');
  return copy;
}

/** libvips reads the header of HEVC images, but does not decode them. */
async function openHeic(file: ImageFile): Promise<OpenedImage> {
  const { source } = file;
  checkBytes('HEIC', source, MAX_HEIC_BYTES);
  const still = asStill(source, 'heic');
  const header = await readHeader('heic', source, toInput(still));
  const { compression = 'unknown' }: { readonly compression?: string | undefined } = header;
  if (compression === 'av1') {
    return await openWithLibvips('heic', file, still, wholeOnly(MAX_AVIF_PIXELS));
  }
  if (compression !== 'hevc') {
    const feature = `compression ${compression}`;
    throw unsupportedFeature('HEIC', feature, 'Convert the image to JPEG.');
  }
  const { width, height } = header.autoOrient;
  const hasAlpha = header.hasAlpha;
  const iccProfile = header.icc ?? new Uint8Array();
  return {
    ...{ width, height, frames: 1, limit: wholeOnly(MAX_HEIC_PIXELS), reducesBy: 'averaging' },
    channels: hasAlpha ? 4 : 3,
    load: async () => toInput(await decodeHeif(source, { hasAlpha, iccProfile })),
  };
}

async function openTiffImage(file: ImageFile, page?: number): Promise<OpenedImage> {
  const { image, position } = openTiff(file.source, page);
  return { ...(await openTiffPicture(file, image)), position };
}

async function openTiffPicture(file: ImageFile, image: TiffImage): Promise<OpenedImage> {
  switch (image.kind) {
    case 'raw': {
      const developed = await openWithoutFullPreview(file, image);
      return developed ?? (await openTiffPicture(file, image.openPreview()));
    }
    case 'jpeg': {
      const { offset, length, frame } = image.jpeg;
      const jpeg = file.source.read(offset, length);
      const bytes = frame.hasExif ? jpeg : withOrientation(jpeg, image.orientation);
      return await openJpeg({ encoded: { bytes }, source: memorySource(bytes) });
    }
    case 'baseline':
      return { ...describePage(image.page), load: loadWithLibvips(file, image.page) };
    case 'other':
      return {
        ...describePage(image.page),
        async load(frame, reduction) {
          const converter = await scanTiff(image.file, image.page);
          if (image.isBaselineIn16Bits && converter.isFull16BitRange) {
            return await loadWithLibvips(file, image.page)(frame, reduction);
          }
          const { across, down } = reduction;
          const stored = isTransposed(image.page)
            ? { across: down, down: across }
            : { across, down };
          return toInput(await decodeTiff(image.file, image.page, converter, stored));
        },
      };
  }
}

/** The developed picture of a camera raw file; `null` if its preview is as large, or if LibRaw does not read it. */
async function openWithoutFullPreview(
  { encoded }: ImageFile,
  { previewSide, sensorSide }: RawTiff,
): Promise<OpenedImage | null> {
  const isFull = (side: number) => previewSide >= FULL_SIZE * side;
  if (sensorSide > 0 && isFull(sensorSide)) return null;
  const developed = await openCameraRaw(encoded).catch((error: unknown) => {
    if (isUnsupported(error)) return null;
    throw error;
  });
  return developed && isFull(Math.max(developed.width, developed.height)) ? null : developed;
}

function isUnsupported(error: unknown): boolean {
  return (
    error instanceof SalamandraError &&
    (error.code === 'UNSUPPORTED_MEDIA_TYPE' || error.code === 'UNSUPPORTED_FEATURE')
  );
}

function loadWithLibvips(file: ImageFile, page: TiffPage): OpenedImage['load'] {
  const input = { ...toInput(asIs(file)), ...page.directory.place };
  return (_, reduction) =>
    Promise.resolve({ ...input, reducedSize: reduceSize(describePage(page), reduction) });
}

function openBmp(source: ByteSource): OpenedImage {
  const header = readBmpHeader(source);
  const { width, height } = header;
  return {
    ...{ width, height, channels: header.hasAlpha ? 4 : 3, frames: 1 },
    ...{ limit: limitBmp(header), reducesBy: 'averaging' },
    load: (_, reduction) => Promise.resolve(toInput(decodeBmp(source, header, reduction))),
  };
}

function openPnm(source: ByteSource): OpenedImage {
  const header = readPnmHeader(source);
  const { width, height, samples: channels } = header;
  return {
    ...{ width, height, channels, frames: 1, limit: wholeOnly(MAX_IMAGE_PIXELS) },
    reducesBy: 'averaging',
    load: (_, reduction) => Promise.resolve(toInput(decodePnm(source, header, reduction))),
  };
}

async function openPdfPage({ source }: ImageFile, page?: number): Promise<OpenedImage> {
  const opened = await openPdf(source, page);
  return {
    ...{
      ...opened,
      channels: 3,
      frames: 1,
      limit: wholeOnly(MAX_WHOLE_IMAGE_PIXELS),
      reducesBy: 'averaging',
    },
    load: async () => toInput(await drawPdf(source, opened)),
  };
}

/** Exif orientations from 5 exchange width and height. */
function isTransposed({ directory }: TiffPage): boolean {
  return (directory.number(TAG.orientation) ?? 1) >= 5;
}

function describePage(page: TiffPage): Omit<OpenedImage, 'load'> {
  const { width, height, samplesPerPixel } = page;
  const size = isTransposed(page) ? { width: height, height: width } : { width, height };
  const limit = { pixels: MAX_IMAGE_PIXELS, variant: null };
  return { ...size, channels: samplesPerPixel, frames: 1, limit, reducesBy: 'averaging' };
}
