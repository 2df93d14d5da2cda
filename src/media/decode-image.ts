import sharp from 'sharp';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { MAX_IMAGE_CHANNELS, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { IMAGE_FORMATS, type ImageFormat } from './image-formats.js';
import { sniffImageFormat } from './sniff-media.js';

/** The content of an image file. */
export interface EncodedMedia {
  readonly bytes: Uint8Array;
}

/** Upright, opaque sRGB pixels. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** RGB, row-major: `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

// libvips sniffs the content itself, so all other loaders are blocked.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: Object.values(IMAGE_FORMATS).map(({ loader }) => loader) });
// libvips's cache is useless, because no image is decoded twice. One thread leaves the other cores to the model.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes an image. Pixels equal those of Pillow, which Hugging Face's image processors use, with three differences:
 * EXIF orientation is applied, embedded ICC profiles are converted to sRGB, and CMYK without a profile is converted
 * through a press profile. As in Pillow, transparency is composited on white, 16-bit channels lose their lower byte,
 * and an animation is reduced to its first frame.
 *
 * The limits are checked on the header before any pixel is allocated, because a few bytes can declare gigabytes. A
 * hostile file may still keep the decoder busy, which cannot be interrupted: run this in a process that can be killed.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_TOO_LARGE, MEDIA_CORRUPT
 */
export async function decodeImage({ bytes }: EncodedMedia): Promise<DecodedImage> {
  const format = sniffImageFormat(bytes);
  checkLimits(format, await readHeader(bytes));
  return decodePixels(bytes);
}

/**
 * Width and height that `decodeImage` would return, in pixels, from the header alone. Also works for truncated files.
 *
 * @throws MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_TOO_LARGE, MEDIA_CORRUPT
 */
export async function readImageSize({
  bytes,
}: EncodedMedia): Promise<Pick<DecodedImage, 'width' | 'height'>> {
  const format = sniffImageFormat(bytes);
  const header = await readHeader(bytes);
  checkLimits(format, header);
  const { width, height } = header.autoOrient;
  return { width, height };
}

async function readHeader(bytes: Uint8Array): Promise<Metadata> {
  try {
    // checkLimits applies the limits, so that its error can name the one that was exceeded.
    return await open(bytes, { limitInputPixels: false, limitInputChannels: false }).metadata();
  } catch (cause) {
    throw corrupt(cause);
  }
}

function checkLimits(format: ImageFormat, { width, height, channels }: Metadata): void {
  const { label, maxPixels } = IMAGE_FORMATS[format];
  const pixels = width * height;
  if (pixels > maxPixels) {
    const message = `The image has ${grouped(pixels)} pixels. The limit for ${label} is ${grouped(maxPixels)} pixels. Reduce the resolution.`;
    throw tooLarge('pixels', pixels, maxPixels, message);
  }
  const side = Math.max(width, height);
  if (side > MAX_IMAGE_SIDE) {
    const message = `The longer side of the image has ${grouped(side)} pixels. The limit is ${grouped(MAX_IMAGE_SIDE)} pixels. Reduce the resolution or crop the image.`;
    throw tooLarge('side', side, MAX_IMAGE_SIDE, message);
  }
  if (channels > MAX_IMAGE_CHANNELS) {
    const message = `The image has ${channels} channels. The limit is ${MAX_IMAGE_CHANNELS}. Convert the image to RGB.`;
    throw tooLarge('channels', channels, MAX_IMAGE_CHANNELS, message);
  }
}

async function decodePixels(bytes: Uint8Array): Promise<DecodedImage> {
  const limits = { limitInputPixels: MAX_IMAGE_PIXELS, limitInputChannels: MAX_IMAGE_CHANNELS };
  try {
    const { data, info } = await open(bytes, limits)
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels === 4) return { width, height, data: flattenOnWhite(data) };
    if (channels !== 3) throw new TypeError(`Expected 3 or 4 decoded channels, got ${channels}.`);
    return { width, height, data };
  } catch (cause) {
    throw corrupt(cause);
  }
}

/** RGBA to RGB on white, rounded as Pillow does. libvips truncates, which gives values one level darker. */
function flattenOnWhite(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const alpha = rgba[from + 3] ?? 255;
    const white = 255 * (255 - alpha) + 127;
    rgb[to++] = ((rgba[from] ?? 0) * alpha + white) / 255;
    rgb[to++] = ((rgba[from + 1] ?? 0) * alpha + white) / 255;
    rgb[to++] = ((rgba[from + 2] ?? 0) * alpha + white) / 255;
  }
  return rgb;
}

function open(bytes: Uint8Array, limits: SharpOptions): Sharp {
  return sharp(bytes, { ...limits, failOn: 'error', pages: 1, sequentialRead: true });
}

function corrupt(cause: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_CORRUPT',
    'The image file is damaged or incomplete. Send the original file again.',
    { cause },
  );
}

function tooLarge(
  measure: 'pixels' | 'side' | 'channels',
  value: number,
  limit: number,
  message: string,
): SalamandraError {
  return new SalamandraError('MEDIA_TOO_LARGE', message, { details: { measure, value, limit } });
}

/** `50,000,000` */
function grouped(value: number): string {
  return value.toLocaleString('en');
}
