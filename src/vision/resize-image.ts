import type { DecodedImage } from '../media/decode-image.js';
import type { Color, ResamplingFilter } from '../models/package/manifest.js';
import type { Size } from './vision-geometry.js';

const CHANNELS = 3;
// A local constant: in a sandbox such as Jest's, access to globals is slow, and this one is used per weight.
const { imul } = Math;
/** Fraction bits of the 32-bit sums: 8 bits hold the result, and 2 the overshoot of the negative lobes. */
const PRECISION_BITS = 32 - 8 - 2;
const ONE = 2 ** PRECISION_BITS;
const HALF = 2 ** (PRECISION_BITS - 1);
const BLACK: Color = [0, 0, 0];

/** A resampling filter: its weight by the distance in source pixels, and the distance beyond which it is 0. */
interface Filter {
  readonly support: number;
  readonly weightAt: (distance: number) => number;
}

const FILTERS: Readonly<Record<ResamplingFilter, Filter>> = {
  bilinear: { support: 1, weightAt: triangle },
  bicubic: { support: 2, weightAt: cubic },
  lanczos: { support: 3, weightAt: windowedSinc },
};

/** Positions `start` to `start + length` along one side of the result. */
interface Section {
  readonly start: number;
  readonly length: number;
}

/** A square of one color on which the image lies. */
export interface SquarePadding {
  readonly side: number;
  /** Position of the image on the square. */
  readonly left: number;
  readonly top: number;
  readonly color: Color;
}

export interface ResizeOptions {
  /**
   * Part of the result to compute, by default all of it. A thin image that is scaled to a given shorter side becomes
   * too long to be held in memory.
   */
  readonly window?: { readonly columns: Section; readonly rows: Section };
  /** The square is resized instead of the image. It is never built: a thin image would take gigabytes. */
  readonly padding?: SquarePadding;
}

/** One side of the input: the pixels of the image, and constant ones around them. */
interface InputSide {
  readonly length: number;
  readonly imageStart: number;
  readonly imageLength: number;
}

/** For each output position: the first position in the image, the number of taps, and their weights. */
interface Kernel {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Fixed point with PRECISION_BITS fraction bits, [positions * stride]. */
  readonly weights: Int32Array;
  readonly stride: number;
  /** Sum of the weights outside of the image, and of all weights. */
  readonly outside: Int32Array;
  readonly total: Int32Array;
}

/**
 * Resizes with a filter that is widened for downscaling (antialiasing).
 *
 * Bit-equal to `Image.resize(size, filter)` of Pillow 13 (src/libImaging/Resample.c): 22-bit fixed-point weights, 8
 * bits between the passes. Models are trained on these pixels. libvips and torchvision differ by several gray levels at
 * edges.
 */
export function resizeImage(
  image: DecodedImage,
  size: Size,
  resample: ResamplingFilter,
  { window, padding }: ResizeOptions = {},
): DecodedImage {
  const filter = FILTERS[resample];
  const columns = window?.columns ?? { start: 0, length: size.width };
  const rows = window?.rows ?? { start: 0, length: size.height };
  if (padding) return resizePadded(image, padding, size, { columns, rows }, filter);
  const keepsWidth = image.width === size.width && columns.length === size.width;
  const keepsHeight = image.height === size.height && rows.length === size.height;
  const kernelOf = (length: number, outputSize: number, section: Section): Kernel =>
    createKernel({ length, imageStart: 0, imageLength: length }, outputSize, section, filter);
  const resizeColumns = (one: DecodedImage): DecodedImage =>
    keepsWidth ? one : resizeWidth(one, kernelOf(one.width, size.width, columns), BLACK);
  const resizeRows = (one: DecodedImage): DecodedImage =>
    keepsHeight ? one : resizeHeight(one, kernelOf(one.height, size.height, rows), null);
  return isHeightFirst(image, size)
    ? resizeColumns(resizeRows(image))
    : resizeRows(resizeColumns(image));
}

/**
 * Pillow 13 resizes the height first if it shrinks by more than twice the pixels of the width. Earlier versions never
 * did.
 */
function isHeightFirst(image: Size, size: Size): boolean {
  const lostHeight = image.height - size.height;
  return lostHeight > 0 && lostHeight > 2 * (image.width - size.width);
}

/** @param size square, so that the width is resized first. */
function resizePadded(
  image: DecodedImage,
  { side, left, top, color }: SquarePadding,
  size: Size,
  window: Required<ResizeOptions>['window'],
  filter: Filter,
): DecodedImage {
  const across = { length: side, imageStart: left, imageLength: image.width };
  const down = { length: side, imageStart: top, imageLength: image.height };
  const horizontal = createKernel(across, size.width, window.columns, filter);
  const vertical = createKernel(down, size.height, window.rows, filter);
  // The rows above and below the image, after the first pass.
  const paddingRow = Uint8Array.from({ length: window.columns.length * CHANNELS }, (_, i) =>
    toByte(HALF + imul(color[i % CHANNELS] as number, at(horizontal.total, Math.trunc(i / 3)))),
  );
  return resizeHeight(resizeWidth(image, horizontal, color), vertical, paddingRow);
}

/** @param color of the pixels beside the image. */
function resizeWidth(image: DecodedImage, kernel: Kernel, color: Color): DecodedImage {
  const { height, data: source } = image;
  const { first, count, weights, stride, outside } = kernel;
  const [outerRed, outerGreen, outerBlue] = color;
  const width = first.length;
  const data = new Uint8Array(width * height * CHANNELS);

  let target = 0;
  for (let y = 0; y < height; y++) {
    const row = y * image.width * CHANNELS;
    for (let x = 0; x < width; x++) {
      const outer = at(outside, x);
      let red = HALF + imul(outerRed, outer);
      let green = HALF + imul(outerGreen, outer);
      let blue = HALF + imul(outerBlue, outer);
      let from = row + at(first, x) * CHANNELS;
      let tap = x * stride;
      for (const end = tap + at(count, x); tap < end; tap++) {
        const weight = at(weights, tap);
        red = (red + imul(at(source, from), weight)) | 0;
        green = (green + imul(at(source, from + 1), weight)) | 0;
        blue = (blue + imul(at(source, from + 2), weight)) | 0;
        from += CHANNELS;
      }
      data[target] = toByte(red);
      data[target + 1] = toByte(green);
      data[target + 2] = toByte(blue);
      target += CHANNELS;
    }
  }
  return { width, height, data };
}

/** @param paddingRow the rows above and below the image; `null` if there are none. */
function resizeHeight(
  image: DecodedImage,
  { first, count, weights, stride, outside }: Kernel,
  paddingRow: Uint8Array | null,
): DecodedImage {
  const { width, data: source } = image;
  const height = first.length;
  const rowLength = width * CHANNELS;
  const data = new Uint8Array(rowLength * height);
  const sums = new Int32Array(rowLength);

  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    if (paddingRow) addRow(sums, paddingRow, 0, at(outside, y));
    // Row by row, for sequential memory access.
    for (let tap = 0; tap < at(count, y); tap++) {
      addRow(sums, source, (at(first, y) + tap) * rowLength, at(weights, y * stride + tap));
    }
    const target = y * rowLength;
    for (let i = 0; i < rowLength; i++) data[target + i] = toByte(at(sums, i));
  }
  return { width, height, data };
}

function addRow(sums: Int32Array, source: Uint8Array, from: number, weight: number): void {
  for (let i = 0; i < sums.length; i++) {
    sums[i] = (at(sums, i) + imul(at(source, from + i), weight)) | 0;
  }
}

/** @param outputSize of the whole result, which decides the scale. */
function createKernel(
  { length: inputSize, imageStart, imageLength }: InputSide,
  outputSize: number,
  { start: offset, length }: Section,
  { support: radius, weightAt }: Filter,
): Kernel {
  const scale = inputSize / outputSize;
  const widening = Math.max(scale, 1);
  const support = radius * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const [first, count, outside, total] = [0, 0, 0, 0].map(() => new Int32Array(length)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);

  for (let position = 0; position < length; position++) {
    const center = (offset + position + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const taps = Math.min(Math.trunc(center + support + 0.5), inputSize) - start;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = weightAt((tap + start - center + 0.5) * (1 / widening));
      exact[tap] = weight;
      sum += weight;
    }
    let inside = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = at(exact, tap) / (sum === 0 ? 1 : sum);
      // Rounds halves away from zero, as Pillow does.
      const rounded = Math.trunc(weight * ONE + (weight < 0 ? -0.5 : 0.5));
      total[position] = at(total, position) + rounded;
      const inImage = start + tap - imageStart;
      if (inImage < 0 || inImage >= imageLength) {
        outside[position] = at(outside, position) + rounded;
        continue;
      }
      if (inside === 0) first[position] = inImage;
      weights[position * stride + inside] = rounded;
      inside += 1;
    }
    count[position] = inside;
  }
  return { first, count, weights, stride, outside, total };
}

/** Cubic convolution with a = -0.5. The order of operations is Pillow's, because it determines the last bit. */
function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function triangle(distance: number): number {
  return Math.max(1 - Math.abs(distance), 0);
}

function windowedSinc(distance: number): number {
  return distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0;
}

function sinc(distance: number): number {
  if (distance === 0) return 1;
  const angle = distance * Math.PI;
  return Math.sin(angle) / angle;
}

function toByte(fixedPoint: number): number {
  const value = fixedPoint >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Array access without a check: the loops above keep the index in range. */
function at(array: Uint8Array | Int32Array | Float64Array, index: number): number {
  return array[index] as number;
}
