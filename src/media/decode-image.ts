import { MAX_IMAGE_CHANNELS, MAX_IMAGE_SIDE } from '../config/limits.js';
import type { DecodedImage } from './decoded-image.js';
import { flatten, isBlank } from './flatten.js';
import { grouped, imageTooLarge } from './image-errors.js';
import { IMAGE_FORMATS, type ImageFormat } from './image-formats.js';
import { decodePixels } from './libvips.js';
import { openImage, type OpenedImage, toImageError } from './open-image.js';
import { sniffImageFormat } from './sniff-media.js';

/** The content of an image file. */
export interface EncodedMedia {
  readonly bytes: Uint8Array;
}

/** A decoded image, and whether it shows nothing: one uniform color. */
export interface DecodedImageFile extends DecodedImage {
  readonly isBlank: boolean;
}

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
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_FEATURE, MEDIA_TOO_LARGE, MEDIA_CORRUPT
 */
export async function decodeImage({ bytes }: EncodedMedia): Promise<DecodedImageFile> {
  const format = sniffImageFormat(bytes);
  const opened = await openImage(format, bytes);
  checkLimits(format, opened);
  const decodeFrame = async (frame: number): Promise<DecodedImageFile> => {
    try {
      const image = flatten(await decodePixels(await opened.load(frame)));
      return { ...image, isBlank: isBlank(image) };
    } catch (cause) {
      throw toImageError(format, bytes, cause);
    }
  };

  const first = await decodeFrame(0);
  if (!first.isBlank) return first;
  for (const frame of listLaterFrames(opened.frames)) {
    const later = await decodeFrame(frame);
    if (!later.isBlank) return later;
  }
  return first;
}

/**
 * Width and height that `decodeImage` would return, in pixels, from the header alone.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_FEATURE, MEDIA_TOO_LARGE, MEDIA_CORRUPT
 */
export async function readImageSize({
  bytes,
}: EncodedMedia): Promise<Pick<DecodedImage, 'width' | 'height'>> {
  const format = sniffImageFormat(bytes);
  const opened = await openImage(format, bytes);
  checkLimits(format, opened);
  const { width, height } = opened;
  return { width, height };
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

function checkLimits(format: ImageFormat, { width, height, channels }: OpenedImage): void {
  const { label, maxPixels } = IMAGE_FORMATS[format];
  const pixels = width * height;
  if (pixels > maxPixels) {
    const message = `The image has ${grouped(pixels)} pixels. The limit for ${label} is ${grouped(maxPixels)} pixels. Reduce the resolution.`;
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
