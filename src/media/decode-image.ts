import sharp from 'sharp';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import {
  MAX_AVIF_PIXELS,
  MAX_IMAGE_CHANNELS,
  MAX_IMAGE_PIXELS,
  MAX_IMAGE_SIDE,
} from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { sniffImageFormat, type ImageFormat } from './image-formats.js';

/** A file as it was received. */
export interface EncodedMedia {
  readonly bytes: Uint8Array;
}

/** Upright, opaque sRGB pixels. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, row by row: `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

// A loader that is not named here cannot be reached, whatever the bytes say.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadTiffBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});
// No picture is decoded twice, and cores belong to the model.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes a picture as Hugging Face's processors see it through Pillow, with three differences a user wants: EXIF
 * orientation is applied, embedded profiles are converted to sRGB, CMYK without profile goes through a press profile.
 * As there, transparency is put on white, 16 bits lose their lower byte and an animation gives its first frame.
 *
 * The header is read and checked before any pixel: a few bytes can claim gigabytes. A hostile file may still
 * take long inside the decoder, which cannot be interrupted, so this runs in a process that may be killed.
 *
 * @throws SalamandraError MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_TOO_LARGE, MEDIA_CORRUPT
 */
export async function decodeImage({ bytes }: EncodedMedia): Promise<DecodedImage> {
  const format = sniffImageFormat(bytes);
  checkLimits(format, await readHeader(bytes));
  return readPixels(bytes);
}

/**
 * The size that `decodeImage` would give, from the header alone; a picture that ends early still has one.
 *
 * @throws SalamandraError MEDIA_EMPTY, UNSUPPORTED_MEDIA_TYPE, MEDIA_TOO_LARGE, MEDIA_CORRUPT
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
    // The limits are checked afterwards, by us, so that the answer can name the one that was passed.
    return await open(bytes, { limitInputPixels: false, limitInputChannels: false }).metadata();
  } catch (cause) {
    throw corrupt(cause);
  }
}

function checkLimits(format: ImageFormat, { width, height, channels }: Metadata): void {
  const maxPixels = format === 'avif' ? MAX_AVIF_PIXELS : MAX_IMAGE_PIXELS;
  if (width * height > maxPixels) throw tooLarge('pixels', width * height, maxPixels);
  const side = Math.max(width, height);
  if (side > MAX_IMAGE_SIDE) throw tooLarge('side', side, MAX_IMAGE_SIDE);
  if (channels > MAX_IMAGE_CHANNELS) throw tooLarge('channels', channels, MAX_IMAGE_CHANNELS);
}

async function readPixels(bytes: Uint8Array): Promise<DecodedImage> {
  const limits = { limitInputPixels: MAX_IMAGE_PIXELS, limitInputChannels: MAX_IMAGE_CHANNELS };
  try {
    const { data, info } = await open(bytes, limits)
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels === 4) return { width, height, data: flattenOnWhite(data) };
    if (channels !== 3) throw new TypeError(`Decoded to ${channels} channels.`);
    return { width, height, data };
  } catch (cause) {
    throw corrupt(cause);
  }
}

/** RGBA -> RGB, rounded as Pillow's composite does; libvips truncates and ends up a level darker. */
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
  return new SalamandraError('MEDIA_CORRUPT', 'The picture is damaged or incomplete.', { cause });
}

function tooLarge(
  measure: 'pixels' | 'side' | 'channels',
  value: number,
  limit: number,
): SalamandraError {
  return new SalamandraError('MEDIA_TOO_LARGE', `The picture has too many ${TOO_MANY[measure]}.`, {
    details: { measure, value, limit },
  });
}

const TOO_MANY = {
  pixels: 'pixels',
  side: 'pixels on one side',
  channels: 'channels',
} as const;
