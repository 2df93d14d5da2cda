import type { ByteSource, EncodedFile } from './byte-source.js';
import type { VipsInput } from './libvips.js';
import type { PagePosition } from './page-range.js';
import type { PixelLimit } from './pixel-limits.js';
import type { Reduction } from './reduce-rows.js';

/** An encoded image whose header has been read, and nothing else. */
export interface OpenedImage {
  /** Upright size in pixels. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Frames of an animation; 1 for all other images. */
  readonly frames: number;
  /** Undefined for formats without pages. */
  readonly position?: PagePosition;
  /** Pixels that the decoder reads within the memory of a media worker. */
  readonly limit: PixelLimit;
  /** How the decoder reduces an image while it reads. */
  readonly reducesBy: ReductionMethod;
  /** A frame as a file that libvips decodes right. The reduction has the axes of the upright image. */
  readonly load: (frame: number, reduction: Reduction) => Promise<VipsInput>;
}

/**
 * By averaging pixels, which is left to large images because it only saves memory; or by decoding a smaller resolution
 * level, which is also faster.
 */
type ReductionMethod = 'averaging' | 'levels';

/** The parts of an image file. */
export interface ImageFile {
  readonly encoded: EncodedFile;
  readonly source: ByteSource;
}

export function wholeOnly(pixels: number): PixelLimit {
  return { pixels, variant: null };
}

export function toInput(file: Uint8Array | string): VipsInput {
  return { file, page: 0, subIfd: -1, reducedSize: null };
}
