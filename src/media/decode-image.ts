import {
  MAX_IMAGE_CHANNELS,
  MAX_IMAGE_PIXELS,
  MAX_IMAGE_SIDE,
  MAX_WHOLE_IMAGE_PIXELS,
} from '../config/limits.js';
import { type EncodedFile, withSource } from './byte-source.js';
import type { DecodedImage } from './decoded-image.js';
import { flatten, isBlank } from './flatten.js';
import { grouped, imageTooLarge } from './image-errors.js';
import { IMAGE_FORMATS, type ImageFormat } from './image-formats.js';
import { decodePixels } from './libvips.js';
import { openImage, type OpenedImage, toImageError } from './open-image.js';
import { ONLY_PAGE, type PagePosition } from './page-range.js';
import { sniffImageFormat } from './sniff-media.js';
import type { Reduction } from './reduce-rows.js';
import { MEDIA_HEAD_BYTES } from './video-formats.js';

/** A decoded image. */
export interface DecodedImageFile extends DecodedImage, PagePosition {
  /** Size in the file, upright. The pixels are fewer if the image was reduced while it was read. */
  readonly fullSize: ImageSize;
  /** Whether the image shows one uniform color. */
  readonly isBlank: boolean;
}

export interface DecodeOptions {
  /** The page of a TIFF file, counted from 1. Undefined: the first page of a document, else the largest picture. */
  readonly page?: number | undefined;
  /** Pixels that the configuration permits, at most MAX_IMAGE_PIXELS. */
  readonly maxPixels?: number;
  /**
   * The size to which an upright image of a given size will be resized. Images above `wholePixels` are reduced to about
   * one and a half times this size while they are read; those with resolution levels are decoded at the smallest one
   * that is not below it. Undefined: no image is reduced.
   */
  readonly reduceFor?: (fullSize: ImageSize) => ImageSize;
  /** Pixels of an image that is decoded as a whole. Undefined: MAX_WHOLE_IMAGE_PIXELS. */
  readonly wholePixels?: number;
}

/** Upright size in pixels. */
type ImageSize = Pick<DecodedImage, 'width' | 'height'>;

/**
 * Decodes an image. Pixels equal those of Pillow, which Hugging Face's image processors use, with these differences:
 * EXIF orientation is applied, embedded ICC profiles are converted to sRGB, and CMYK without a profile is converted
 * through a press profile. Of a TIFF file the largest page is decoded, and its samples are scaled to their range. As in
 * Pillow, other 16-bit channels lose their lower byte.
 *
 * Transparency is composited on white, or on a darker ground if white would hide the drawing. An animation is reduced
 * to its first frame that is not blank.
 *
 * The limits are checked on the header before any pixel is allocated, because a few bytes can declare gigabytes. A
 * hostile file may still keep the decoder busy, which cannot be interrupted: run this in a process that can be killed.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_FEATURE, MEDIA_TOO_LARGE, MEDIA_CORRUPT, INVALID_PARAMETER
 */
export function decodeImage(
  encoded: EncodedFile,
  options: DecodeOptions = {},
): Promise<DecodedImageFile> {
  const { maxPixels = MAX_IMAGE_PIXELS, page } = options;
  return withSource(encoded, async (source) => {
    const format = sniffImageFormat(source.read(0, MEDIA_HEAD_BYTES));
    const opened = await openImage(format, { encoded, source }, page);
    checkLimits(format, opened, maxPixels);
    const { width, height, position = ONLY_PAGE } = opened;
    const reduction = chooseReduction(opened, options);
    const decodeFrame = async (frame: number): Promise<DecodedImageFile> => {
      try {
        const image = flatten(await decodePixels(await opened.load(frame, reduction)));
        return { ...image, ...position, fullSize: { width, height }, isBlank: isBlank(image) };
      } catch (cause) {
        throw toImageError(format, source, cause);
      }
    };

    const first = await decodeFrame(0);
    if (!first.isBlank) return first;
    for (const frame of listLaterFrames(opened.frames)) {
      const later = await decodeFrame(frame);
      if (!later.isBlank) return later;
    }
    return first;
  });
}

/**
 * Width and height of an image in its file, upright, in pixels, from the header alone.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_FEATURE, MEDIA_TOO_LARGE, MEDIA_CORRUPT, INVALID_PARAMETER
 */
export function readImageSize(
  encoded: EncodedFile,
  { maxPixels = MAX_IMAGE_PIXELS, page }: Pick<DecodeOptions, 'maxPixels' | 'page'> = {},
): Promise<ImageSize> {
  return withSource(encoded, async (source) => {
    const format = sniffImageFormat(source.read(0, MEDIA_HEAD_BYTES));
    const opened = await openImage(format, { encoded, source }, page);
    checkLimits(format, opened, maxPixels);
    const { width, height } = opened;
    return { width, height };
  });
}

/** Size of a reduced side, as a multiple of the size it is needed for: the rest is left to the exact resize. */
const REDUCED_MARGIN = 1.5;

/** Each axis has its own factor, because the base tile squeezes a panorama on one axis only. */
function chooseReduction(
  { width, height, reducesBy }: Pick<OpenedImage, 'width' | 'height' | 'reducesBy'>,
  {
    reduceFor = (fullSize) => fullSize,
    wholePixels = MAX_WHOLE_IMAGE_PIXELS,
  }: Pick<DecodeOptions, 'reduceFor' | 'wholePixels'>,
): Reduction {
  const hasLevels = reducesBy === 'levels';
  if (width * height <= wholePixels && !hasLevels) return { across: 1, down: 1 };
  const target = reduceFor({ width, height });
  const margin = hasLevels ? 1 : REDUCED_MARGIN;
  const factor = (from: number, to: number) => Math.max(1, Math.floor(from / (margin * to)));
  return { across: factor(width, target.width), down: factor(height, target.height) };
}

/** Frames of an animation that are decoded if the first one is blank. Each costs the frames before it. */
const MAX_LATER_FRAMES = 8;

/** Frames after the first, evenly spread, up to the last. */
function listLaterFrames(frames: number): number[] {
  const count = Math.min(frames - 1, MAX_LATER_FRAMES);
  return Array.from({ length: count }, (_, index) =>
    Math.round(((index + 1) * (frames - 1)) / count),
  );
}

function checkLimits(format: ImageFormat, opened: OpenedImage, maxPixels: number): void {
  const { width, height, channels, limit } = opened;
  const pixels = width * height;
  if (pixels > limit.pixels) {
    const { name, remedy } = limit.variant ?? { name: IMAGE_FORMATS[format].label, remedy: null };
    const remedies =
      remedy === null ? 'Reduce the resolution.' : `${remedy}, or reduce the resolution.`;
    const message = `The image has ${grouped(pixels)} pixels. The limit for ${name} is ${grouped(limit.pixels)} pixels. ${remedies}`;
    throw imageTooLarge('pixels', pixels, limit.pixels, message);
  }
  if (pixels > maxPixels) {
    const message = `The image has ${grouped(pixels)} pixels. The limit is ${grouped(maxPixels)} pixels. Reduce the resolution, or use the command line, which reads up to ${grouped(MAX_IMAGE_PIXELS)} pixels.`;
    throw imageTooLarge('pixels', pixels, maxPixels, message);
  }
  const side = Math.max(width, height);
  if (side > MAX_IMAGE_SIDE) {
    const message = `The longer side of the image has ${grouped(side)} pixels. The limit is ${grouped(MAX_IMAGE_SIDE)} pixels. Reduce the resolution or crop the image.`;
    throw imageTooLarge('side', side, MAX_IMAGE_SIDE, message);
  }
  if (channels > MAX_IMAGE_CHANNELS) {
    const message = `The image has ${channels} channels. The limit is ${MAX_IMAGE_CHANNELS}. Convert the image to RGB.`;
    throw imageTooLarge('channels', channels, MAX_IMAGE_CHANNELS, message);
  }
}
