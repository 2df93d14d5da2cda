import {
  MAX_IMAGE_PIXELS,
  MAX_JPEG_COEFFICIENT_BYTES,
  MAX_LOSSLESS_WEBP_PIXELS,
  MAX_WHOLE_IMAGE_PIXELS,
} from '../config/limits.js';
import type { BmpHeader } from './bmp/read-bmp-header.js';
import type { ByteSource } from './byte-source.js';
import type { JpegFrame } from './jpeg/inspect-jpeg.js';

/** How many pixels the decoder of a file reads within the memory of a media worker. */
export interface PixelLimit {
  readonly pixels: number;
  /** The variant of the format that the limit holds for, and the remedy; `null` if it holds for the whole format. */
  readonly variant: { readonly name: string; readonly remedy: string } | null;
}

const NO_VARIANT: PixelLimit = { pixels: MAX_IMAGE_PIXELS, variant: null };

/** The decoder of a progressive JPEG keeps all coefficients until the last scan. Others are read row by row. */
export function limitJpeg({ marker, width, height, sampledPixels }: JpegFrame): PixelLimit {
  const isProgressive = marker === 0xc2 || marker === 0xca;
  if (!isProgressive) return NO_VARIANT;
  const bytesPerPixel = (2 * sampledPixels) / Math.max(1, width * height);
  const pixels = Math.floor(MAX_JPEG_COEFFICIENT_BYTES / Math.max(1, bytesPerPixel));
  return {
    pixels: Math.min(pixels, MAX_IMAGE_PIXELS),
    variant: { name: 'progressive JPEG', remedy: 'Save it as a baseline JPEG' },
  };
}

/** Interlaced PNG is decoded in seven passes over the whole image. Source: PNG specification, section 11.2.1. */
export function limitPng(source: ByteSource): PixelLimit {
  const isInterlaced = source.read(28, 1)[0] === 1;
  if (!isInterlaced) return NO_VARIANT;
  return {
    pixels: MAX_WHOLE_IMAGE_PIXELS,
    variant: { name: 'interlaced PNG', remedy: 'Save it without interlacing' },
  };
}

/** Lossy WebP is reduced while it is read; lossless images and animations are not. Source: RFC 9649. */
export function limitWebp(source: ByteSource): PixelLimit {
  const header = Buffer.from(source.read(12, 9));
  const firstChunk = header.toString('latin1', 0, 4);
  const isAnimated = firstChunk === 'VP8X' && ((header[8] ?? 0) & 2) !== 0;
  if (isAnimated) {
    return {
      pixels: MAX_WHOLE_IMAGE_PIXELS,
      variant: { name: 'animated WebP', remedy: 'Save one frame' },
    };
  }
  if (firstChunk === 'VP8 ') return NO_VARIANT;
  // Behind VP8X the image may be of either kind, and so it is taken for a lossless one.
  return {
    pixels: MAX_LOSSLESS_WEBP_PIXELS,
    variant: { name: 'lossless WebP', remedy: 'Save it as a lossy WebP' },
  };
}

/** Run lengths are expanded as a whole, because they may go back and forth. */
export function limitBmp({ encoding }: Pick<BmpHeader, 'encoding'>): PixelLimit {
  if (encoding.kind !== 'indexed' || !encoding.isRunLength) return NO_VARIANT;
  return {
    pixels: MAX_WHOLE_IMAGE_PIXELS,
    variant: { name: 'BMP with run lengths', remedy: 'Save it without compression' },
  };
}
