import sharp from 'sharp';
import type { Metadata, Sharp } from 'sharp';

import { MAX_IMAGE_CHANNELS, MAX_IMAGE_PIXELS } from '../config/limits.js';
import { IMAGE_FORMATS, matchImageFormat } from './image-formats.js';

// libvips sniffs the content itself, so all other loaders are blocked.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: Object.values(IMAGE_FORMATS).flatMap(({ loader }) =>
    loader === null ? [] : [`${loader}Buffer`, `${loader}File`],
  ),
});
// libvips's cache is useless, because no image is decoded twice. One thread leaves the other cores to the model.
sharp.cache(false);
sharp.concurrency(1);

/** An encoded image that libvips can decode. */
export interface VipsInput {
  /** The file's content, or its path. */
  readonly file: Uint8Array | string;
  /** Page of a TIFF file or frame of an animation. */
  readonly page: number;
  /** Index in the SubIFDs tag of the TIFF page; -1 for the page itself. */
  readonly subIfd: number;
  /** Size to which the upright image is reduced while it is read; `null` for its own size. */
  readonly reducedSize: { readonly width: number; readonly height: number } | null;
}

/** Upright pixels, 8 bits per channel. */
export interface VipsPixels {
  readonly width: number;
  readonly height: number;
  /** RGB or RGBA. */
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

/** The header alone. No limit applies, so that the caller can name the one that is exceeded. */
export function readMetadata({ file, page }: VipsInput): Promise<Metadata> {
  const noLimits = { limitInputPixels: false, limitInputChannels: false };
  return sharp(file, { ...noLimits, page, pages: 1, failOn: 'error' }).metadata();
}

/** libjpeg's warning for missing data, which it fills with gray. */
const MISSING_DATA = /premature end/i;

/**
 * Decodes to upright sRGB pixels, with alpha if the image has it. Profiles and CMYK are converted.
 *
 * @throws Error for damaged or missing data.
 */
export async function decodePixels(input: VipsInput): Promise<VipsPixels> {
  const { file, page, subIfd, reducedSize } = input;
  const limits = { limitInputPixels: MAX_IMAGE_PIXELS, limitInputChannels: MAX_IMAGE_CHANNELS };
  const pages = { page, pages: 1, tiff: { subifd: subIfd } };
  const image = sharp(file, { ...limits, ...pages, failOn: 'error', sequentialRead: true });
  let missingData: string | undefined;
  image.on('warning', (warning: string) => {
    if (MISSING_DATA.test(warning)) missingData = warning;
  });
  const upright = image.autoOrient();
  const pixels = await readRaw(reducedSize ? reduce(upright, reducedSize) : upright);
  if (missingData !== undefined) throw new Error(missingData);
  return pixels;
}

/**
 * Decodes consecutive frames of an animation. Each is composited with those before it.
 *
 * @returns the frames below each other.
 * @throws Error for damaged or missing data.
 */
export async function decodePages(path: string, page: number, count: number): Promise<VipsPixels> {
  const limits = { limitInputPixels: MAX_IMAGE_PIXELS, limitInputChannels: MAX_IMAGE_CHANNELS };
  return await readRaw(sharp(path, { ...limits, page, pages: count, failOn: 'error' }));
}

/** Area averaging, which reads the image once from top to bottom. */
function reduce(
  image: Sharp,
  { width, height }: { readonly width: number; readonly height: number },
): Sharp {
  return image.resize(width, height, { fit: 'fill', kernel: 'linear' });
}

/**
 * Decodes the WebP file in a strip or tile of a TIFF file to interleaved samples.
 *
 * @throws TypeError if it is a file of another format, which libvips would decode too.
 */
export async function decodeWebpTile(
  data: Uint8Array,
  samplesPerPixel: number,
): Promise<Uint8Array> {
  if (matchImageFormat(data) !== 'webp') throw new TypeError('Expected a WebP file.');
  const image = sharp(data, { limitInputPixels: MAX_IMAGE_PIXELS, failOn: 'error' });
  const { data: pixels, channels } = await readRaw(
    samplesPerPixel === 4 ? image.ensureAlpha() : image.removeAlpha(),
  );
  if (channels !== samplesPerPixel) throw new TypeError(`Expected ${samplesPerPixel} channels.`);
  return pixels;
}

async function readRaw(image: Sharp): Promise<VipsPixels> {
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3 && channels !== 4) {
    throw new TypeError(`Expected 3 or 4 decoded channels, got ${channels}.`);
  }
  return { width, height, channels, data };
}
