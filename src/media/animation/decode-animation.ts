import { type ByteSource, withSource } from '../byte-source.js';
import type { DecodedImage } from '../decoded-image.js';
import { flatten } from '../flatten.js';
import { damagedImage } from '../image-errors.js';
import { IMAGE_FORMATS } from '../image-formats.js';
import { decodePages, decodePixels, type VipsPixels } from '../libvips.js';
import { toImageError } from '../open-image.js';
import { extractPngFrame, type PngFrame, walkPngFrames } from './png-frames.js';
import type { Animation } from './read-animation.js';

/** A frame of an animation on a ground. */
export interface AnimationFrame extends DecodedImage {
  /** Counted from 0. */
  readonly index: number;
}

/** The frame on show at a time. */
export function frameAt({ startSeconds }: Animation, seconds: number): number {
  return Math.max(
    startSeconds.findLastIndex((start) => start <= seconds),
    0,
  );
}

/**
 * Decodes frames of an animation, composited with those before them as the file demands.
 *
 * @param indices ascending, without duplicates.
 * @throws MEDIA_CORRUPT
 */
export async function* decodeAnimation(
  path: string,
  animation: Animation,
  indices: readonly number[],
): AsyncGenerator<AnimationFrame, undefined> {
  const decode = animation.format === 'png' ? decodePngFrames : decodeLibvipsFrames;
  yield* decode(path, animation, indices);
}

/** Pixels of frames that are decoded at once. The decoder starts each time with the first frame of the file. */
const MAX_PIXELS_AT_ONCE = 16_000_000;

async function* decodeLibvipsFrames(
  path: string,
  { format, width, height }: Animation,
  indices: readonly number[],
): AsyncGenerator<AnimationFrame, undefined> {
  const most = Math.max(1, Math.floor(MAX_PIXELS_AT_ONCE / (width * height)));
  for (const [first, count] of groupConsecutive(indices, most)) {
    const pages = await decodePages(path, first, count).catch((cause: unknown) =>
      withSource({ path }, (source) => Promise.reject(toImageError(format, source, cause))),
    );
    const frameHeight = pages.height / count;
    const frameBytes = pages.data.length / count;
    for (let at = 0; at < count; at += 1) {
      const data = pages.data.subarray(at * frameBytes, (at + 1) * frameBytes);
      yield { ...flatten({ ...pages, height: frameHeight, data }), index: first + at };
    }
  }
}

/** Runs of consecutive numbers, as their first one and their length. */
function groupConsecutive(indices: readonly number[], most: number): [number, number][] {
  const groups: [number, number][] = [];
  for (const index of indices) {
    const last = groups.at(-1);
    if (last && last[0] + last[1] === index && last[1] < most) last[1] += 1;
    else groups.push([index, 1]);
  }
  return groups;
}

function decodePngFrames(
  path: string,
  animation: Animation,
  indices: readonly number[],
): AsyncGenerator<AnimationFrame, undefined> {
  // The file stays open only while a frame is read: a consumer may leave early.
  return composePngFrames((use) => withSource({ path }, use), animation, new Set(indices));
}

async function* composePngFrames(
  withFile: <T>(use: (source: ByteSource) => Promise<T>) => Promise<T>,
  { width, height }: Animation,
  wanted: ReadonlySet<number>,
): AsyncGenerator<AnimationFrame, undefined> {
  const frames = await withFile((source) => Promise.resolve([...walkPngFrames(source)]));
  const last = Math.max(...wanted);
  const canvas = new Uint8Array(width * height * 4);
  for (const [index, frame] of frames.slice(0, last + 1).entries()) {
    const { left, top } = frame;
    if (left + frame.width > width || top + frame.height > height || frame.data.length === 0) {
      const finding = `frame ${index + 1} has no data or is outside the canvas`;
      throw damagedImage({ format: 'PNG', finding });
    }
    const pixels = await withFile(async (source) => {
      const file = extractPngFrame(source, frame);
      return await decodePixels({ file, page: 0, subIfd: -1, reducedSize: null }).catch(
        (cause: unknown) => {
          const finding = `frame ${index + 1} cannot be decoded`;
          throw damagedImage({ format: IMAGE_FORMATS.png.label, finding, cause });
        },
      );
    });
    const before = frame.dispose === 'restore' ? canvas.slice() : null;
    draw(canvas, width, frame, pixels);
    if (wanted.has(index)) {
      yield { ...flatten({ width, height, channels: 4, data: canvas.slice() }), index };
    }
    if (before) canvas.set(before);
    else if (frame.dispose === 'clear') clear(canvas, width, frame);
  }
}

function draw(canvas: Uint8Array, width: number, frame: PngFrame, pixels: VipsPixels): void {
  const { channels, data } = pixels;
  for (let y = 0; y < frame.height; y += 1) {
    let to = ((frame.top + y) * width + frame.left) * 4;
    let from = y * frame.width * channels;
    for (let x = 0; x < frame.width; x += 1, to += 4, from += channels) {
      const alpha = channels === 4 ? (data[from + 3] as number) : 255;
      if (frame.blend === 'over' && alpha < 255) {
        blend(canvas, to, data, from, alpha);
      } else {
        canvas[to] = data[from] as number;
        canvas[to + 1] = data[from + 1] as number;
        canvas[to + 2] = data[from + 2] as number;
        canvas[to + 3] = alpha;
      }
    }
  }
}

/** The operator "over" for colors that are not multiplied by alpha. */
function blend(
  canvas: Uint8Array,
  to: number,
  data: Uint8Array,
  from: number,
  alpha: number,
): void {
  if (alpha === 0) return;
  const below = ((canvas[to + 3] as number) * (255 - alpha)) / 255;
  const sum = alpha + below;
  for (let channel = 0; channel < 3; channel += 1) {
    const mixed =
      (data[from + channel] as number) * alpha + (canvas[to + channel] as number) * below;
    canvas[to + channel] = Math.round(mixed / sum);
  }
  canvas[to + 3] = Math.round(sum);
}

function clear(canvas: Uint8Array, width: number, { left, top, ...size }: PngFrame): void {
  for (let y = 0; y < size.height; y += 1) {
    const start = ((top + y) * width + left) * 4;
    canvas.fill(0, start, start + size.width * 4);
  }
}
