import type { Metadata } from 'sharp';

import { SalamandraError } from '../errors/salamandra-error.js';
import { memorySource } from './byte-source.js';
import { damagedImage, unsupportedFeature } from './image-errors.js';
import { IMAGE_FORMATS, type ImageFormat } from './image-formats.js';
import { findJpegEnd, findUnsupportedJpeg, inspectJpeg } from './jpeg/inspect-jpeg.js';
import { withOrientation } from './jpeg/with-orientation.js';
import { readMetadata, type VipsInput } from './libvips.js';
import { locateDamage } from './locate-damage.js';
import { decodeTiff } from './tiff/decode-tiff.js';
import { openTiff } from './tiff/open-tiff.js';
import { TAG } from './tiff/tiff-directory.js';
import type { TiffPage } from './tiff/tiff-page.js';

/** An encoded image whose header has been read, and nothing else. */
export interface OpenedImage {
  /** Upright size in pixels. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Frames of an animation; 1 for all other images. */
  readonly frames: number;
  /** A frame as a file that libvips decodes right. */
  readonly load: (frame: number) => Promise<VipsInput>;
}

/**
 * Reads the header of an image, and finds by it what libvips would decode wrongly or not at all.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export async function openImage(format: ImageFormat, bytes: Uint8Array): Promise<OpenedImage> {
  switch (format) {
    case 'tiff':
      return await openTiffImage(bytes);
    case 'jpeg':
      return await openWithLibvips(format, prepareJpeg(bytes));
    case 'avif':
      return await openWithLibvips(format, { ...asIs(bytes), data: asStillAvif(bytes) });
    case 'png':
    case 'webp':
    case 'gif':
      return await openWithLibvips(format, asIs(bytes));
  }
}

/** The error for an image that libvips rejects. */
export function toImageError(
  format: ImageFormat,
  bytes: Uint8Array,
  cause: unknown,
): SalamandraError {
  if (cause instanceof SalamandraError) return cause;
  const { label } = IMAGE_FORMATS[format];
  return damagedImage({ format: label, byte: locateDamage(format, bytes), cause });
}

function asIs(data: Uint8Array): VipsInput {
  return { data, page: 0, subIfd: -1 };
}

async function openWithLibvips(format: ImageFormat, input: VipsInput): Promise<OpenedImage> {
  let header: Metadata;
  try {
    header = await readMetadata(input);
  } catch (cause) {
    throw toImageError(format, input.data, cause);
  }
  const isAnimation = format === 'gif' || format === 'webp';
  return {
    ...header.autoOrient,
    channels: header.channels,
    frames: isAnimation ? (header.pages ?? 1) : 1,
    load: (page) => Promise.resolve({ ...input, page }),
  };
}

const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** @throws UNSUPPORTED_FEATURE */
function prepareJpeg(bytes: Uint8Array): VipsInput {
  const frame = inspectJpeg(memorySource(bytes));
  const feature = frame === null ? null : findUnsupportedJpeg(frame);
  if (feature !== null) {
    throw unsupportedFeature('JPEG', feature, 'Save it as a baseline JPEG with 8 bits, or as PNG.');
  }
  const hasEnd = bytes.at(-2) === 0xff && bytes.at(-1) === 0xd9;
  if (hasEnd || findJpegEnd(bytes) !== 'unmarked') return asIs(bytes);
  // All pixels may be there. libvips fails at the end of the file, and at the marker only if some are not.
  return asIs(Buffer.concat([bytes, END_OF_IMAGE]));
}

/** libvips only recognizes AVIF by its major brand, and not by that of image sequences. */
function asStillAvif(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  copy.write('avif', 8, 'latin1');
  return copy;
}

async function openTiffImage(bytes: Uint8Array): Promise<OpenedImage> {
  const image = openTiff(memorySource(bytes));
  switch (image.kind) {
    case 'jpeg': {
      const { offset, length, frame } = image.jpeg;
      const jpeg = bytes.subarray(offset, offset + length);
      const upright = frame.hasExif ? jpeg : withOrientation(jpeg, image.orientation);
      return await openWithLibvips('jpeg', prepareJpeg(upright));
    }
    case 'baseline': {
      const input = { ...asIs(bytes), ...image.page.directory.place };
      return { ...describePage(image.page), load: () => Promise.resolve(input) };
    }
    case 'other':
      return {
        ...describePage(image.page),
        async load() {
          const data = await decodeTiff(image.file, image.page, { across: 1, down: 1 });
          return asIs(data);
        },
      };
  }
}

/** Exif orientations that exchange width and height. */
const FIRST_TRANSPOSED = 5;

function describePage({ width, height, samplesPerPixel, directory }: TiffPage) {
  const isTransposed = (directory.number(TAG.orientation) ?? 1) >= FIRST_TRANSPOSED;
  const size = isTransposed ? { width: height, height: width } : { width, height };
  return { ...size, channels: samplesPerPixel, frames: 1 };
}
