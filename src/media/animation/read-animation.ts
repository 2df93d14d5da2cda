import { MAX_ANIMATION_FRAMES, MAX_VIDEO_PIXELS, MAX_VIDEO_SECONDS } from '../../config/limits.js';
import { type ByteSource, type EncodedFile, withSource } from '../byte-source.js';
import { damagedImage, grouped, imageTooLarge } from '../image-errors.js';
import { IMAGE_FORMATS, matchImageFormat } from '../image-formats.js';
import { MEDIA_HEAD_BYTES } from '../video-formats.js';
import { walkPngFrames } from './png-frames.js';

/** Image formats whose animations are read frame by frame. AVIF sequences are read as videos. */
export type AnimationFormat = 'gif' | 'webp' | 'png';

/** An image file with several frames. */
export interface Animation {
  readonly format: AnimationFormat;
  readonly width: number;
  readonly height: number;
  /** Times at which the frames appear, ascending from 0; at least two. */
  readonly startSeconds: readonly number[];
  /** Of one loop. */
  readonly durationSeconds: number;
}

/** Shorter delays are shown as the default delay, as in browsers: many files state none. */
const MIN_DELAY_MS = 11;
const DEFAULT_DELAY_MS = 100;

/**
 * Whether an image file has several frames: a GIF, WebP, PNG or AVIF animation. Reads up to the second frame, and
 * decodes no pixels.
 */
function isAnimation(source: ByteSource): boolean {
  const format = matchImageFormat(source.read(0, MEDIA_HEAD_BYTES));
  if (format === 'avif') return countAvifFrames(source) > 1;
  if (!isAnimationFormat(format)) return false;
  const frames = walkFrames(format, source)[Symbol.iterator]();
  frames.next();
  return frames.next().done === false;
}

/** `isAnimation` of a file in memory or on disk. */
export function isAnimationFile(file: EncodedFile): Promise<boolean> {
  return withSource(file, (source) => Promise.resolve(isAnimation(source)));
}

/**
 * Reads the times of the frames of a GIF, WebP or PNG animation. Loops count once.
 *
 * @returns `null` for files of other formats and of one frame.
 * @throws MEDIA_TOO_LARGE, MEDIA_CORRUPT
 */
export function readAnimation(source: ByteSource): Animation | null {
  const format = matchImageFormat(source.read(0, MEDIA_HEAD_BYTES));
  if (!isAnimationFormat(format)) return null;
  const startSeconds: number[] = [];
  let endMs = 0;
  for (const delayMs of walkFrames(format, source)) {
    if (startSeconds.length >= MAX_ANIMATION_FRAMES) {
      const message = `The ${IMAGE_FORMATS[format].label} file has more than ${grouped(MAX_ANIMATION_FRAMES)} frames, the limit for animations. Convert it to a video.`;
      throw imageTooLarge('frames', startSeconds.length + 1, MAX_ANIMATION_FRAMES, message);
    }
    startSeconds.push(endMs / 1_000);
    endMs += delayMs < MIN_DELAY_MS ? DEFAULT_DELAY_MS : delayMs;
  }
  if (startSeconds.length < 2) return null;
  const { width, height } = readCanvas(format, source);
  if (width === 0 || height === 0) {
    throw damagedImage({ format: IMAGE_FORMATS[format].label, finding: 'its canvas is empty' });
  }
  const pixels = width * height;
  if (pixels > MAX_VIDEO_PIXELS) {
    const message = `The frames have ${grouped(pixels)} pixels. The limit is ${grouped(MAX_VIDEO_PIXELS)} pixels. Reduce the resolution.`;
    throw imageTooLarge('pixels', pixels, MAX_VIDEO_PIXELS, message);
  }
  // The sum of delays that a file states may be years.
  const durationSeconds = Math.min(endMs / 1_000, MAX_VIDEO_SECONDS);
  return { format, width, height, startSeconds, durationSeconds };
}

export function isAnimationFormat(format: string | null): format is AnimationFormat {
  return format === 'gif' || format === 'webp' || format === 'png';
}

/** The delay of each frame in milliseconds, as the file states it. Ends where the structure of the file ends. */
function walkFrames(format: AnimationFormat, source: ByteSource): Iterable<number> {
  switch (format) {
    case 'gif':
      return walkGif(source);
    case 'webp':
      return walkWebp(source);
    case 'png':
      return walkPng(source);
  }
}

function readCanvas(format: AnimationFormat, source: ByteSource) {
  const head = Buffer.alloc(32);
  head.set(source.read(0, 32));
  switch (format) {
    case 'gif':
      return { width: head.readUInt16LE(6), height: head.readUInt16LE(8) };
    case 'webp':
      return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
    case 'png':
      return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  }
}

const WINDOW_BYTES = 65_536;

/** Single bytes of a source, which is read in larger pieces; 0 after its end. */
function createByteReader(source: ByteSource): (at: number) => number {
  let start = 0;
  let window: Uint8Array = new Uint8Array();
  return (at) => {
    if (at < start || at >= start + window.length) {
      start = at;
      window = source.read(at, WINDOW_BYTES);
    }
    return window[at - start] ?? 0;
  };
}

/** Blocks of a GIF file. Source: GIF89a specification. */
function* walkGif(source: ByteSource): Generator<number> {
  const byte = createByteReader(source);
  const tableBytes = (flags: number) => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  const skipSubBlocks = (from: number): number => {
    let at = from;
    while (at < source.length && byte(at) !== 0) at += byte(at) + 1;
    return at + 1;
  };
  let at = 13 + tableBytes(byte(10));
  let delayMs = 0;
  while (at < source.length) {
    const introducer = byte(at);
    if (introducer === 0x21) {
      // The graphic control extension belongs to the next image.
      if (byte(at + 1) === 0xf9) delayMs = (byte(at + 4) + byte(at + 5) * 256) * 10;
      at = skipSubBlocks(at + 2);
    } else if (introducer === 0x2c) {
      at = skipSubBlocks(at + 10 + tableBytes(byte(at + 9)) + 1);
      yield delayMs;
      delayMs = 0;
    } else {
      // The trailer, or damage.
      return;
    }
  }
}

/** Chunks of a WebP file. Source: RFC 9649. */
function* walkWebp(source: ByteSource): Generator<number> {
  for (let at = 12; at + 8 <= source.length;) {
    const chunk = Buffer.alloc(24);
    chunk.set(source.read(at, 24));
    if (chunk.toString('latin1', 0, 4) === 'ANMF') yield chunk.readUIntLE(20, 3);
    const bytes = chunk.readUInt32LE(4);
    at += 8 + bytes + (bytes % 2);
  }
}

function* walkPng(source: ByteSource): Generator<number> {
  for (const { delayMs } of walkPngFrames(source)) yield delayMs;
}

/** Bytes of a file in which the table of samples is searched. */
const MAX_TABLE_BYTES = 1_000_000;

/** Entries of the sample size box of the first track (ISO/IEC 14496-12, section 8.7.3); 0 without one. */
function countAvifFrames(source: ByteSource): number {
  const head = Buffer.from(source.read(0, MAX_TABLE_BYTES));
  const at = head.indexOf('stsz');
  return at === -1 || at + 16 > head.length ? 0 : head.readUInt32BE(at + 12);
}
