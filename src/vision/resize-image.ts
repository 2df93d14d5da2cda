import type { DecodedImage } from '../media/decode-image.js';
import type { ResamplingFilter } from '../models/package/manifest.js';
import type { Size } from './vision-geometry.js';

const CHANNELS = 3;
// A local constant: in a sandbox such as Jest's, access to globals is slow, and this one is used per weight.
const { imul } = Math;
/** Fraction bits of the 32-bit sums: 8 bits hold the result, and 2 the overshoot of the negative lobes. */
const PRECISION_BITS = 32 - 8 - 2;
const ONE = 2 ** PRECISION_BITS;
const HALF = 2 ** (PRECISION_BITS - 1);

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

/** A rectangle inside the result, in pixels. */
interface Window {
  readonly columns: Section;
  readonly rows: Section;
}

/** For each output position: the first input position, the number of taps, and their weights. */
interface Kernel {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Fixed point with PRECISION_BITS fraction bits, [positions * stride]. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Resizes with a filter that is widened for downscaling (antialiasing).
 *
 * Bit-equal to `Image.resize(size, filter)` of Pillow 13 (src/libImaging/Resample.c): 22-bit fixed-point weights, 8
 * bits between the passes. Models are trained on these pixels. libvips and torchvision differ by several gray levels at
 * edges.
 *
 * @param window part of the result to compute, by default all of it. A thin image that is scaled to a given shorter
 *   side becomes too long to be held in memory.
 */
export function resizeImage(
  image: DecodedImage,
  size: Size,
  resample: ResamplingFilter,
  window: Window = {
    columns: { start: 0, length: size.width },
    rows: { start: 0, length: size.height },
  },
): DecodedImage {
  const { columns, rows } = window;
  const filter = FILTERS[resample];
  return isHeightFirst(image, size)
    ? resizeWidth(resizeHeight(image, size.height, rows, filter), size.width, columns, filter)
    : resizeHeight(resizeWidth(image, size.width, columns, filter), size.height, rows, filter);
}

/**
 * Pillow 13 resizes the height first if it shrinks by more than twice the pixels of the width. Earlier versions never
 * did.
 */
function isHeightFirst(image: Size, size: Size): boolean {
  const lostHeight = image.height - size.height;
  return lostHeight > 0 && lostHeight > 2 * (image.width - size.width);
}

function resizeWidth(
  image: DecodedImage,
  fullWidth: number,
  columns: Section,
  filter: Filter,
): DecodedImage {
  if (image.width === fullWidth && columns.length === fullWidth) return image;
  const { height, data: source } = image;
  const { first, count, weights, stride } = createKernel(image.width, fullWidth, columns, filter);
  const width = columns.length;
  const data = new Uint8Array(width * height * CHANNELS);

  let target = 0;
  for (let y = 0; y < height; y++) {
    const row = y * image.width * CHANNELS;
    for (let x = 0; x < width; x++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
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

function resizeHeight(
  image: DecodedImage,
  fullHeight: number,
  rows: Section,
  filter: Filter,
): DecodedImage {
  if (image.height === fullHeight && rows.length === fullHeight) return image;
  const { width, data: source } = image;
  const { first, count, weights, stride } = createKernel(image.height, fullHeight, rows, filter);
  const height = rows.length;
  const rowLength = width * CHANNELS;
  const data = new Uint8Array(rowLength * height);
  const sums = new Int32Array(rowLength);

  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    // Row by row, for sequential memory access.
    for (let tap = 0; tap < at(count, y); tap++) {
      const weight = at(weights, y * stride + tap);
      const from = (at(first, y) + tap) * rowLength;
      for (let i = 0; i < rowLength; i++) {
        sums[i] = (at(sums, i) + imul(at(source, from + i), weight)) | 0;
      }
    }
    const target = y * rowLength;
    for (let i = 0; i < rowLength; i++) data[target + i] = toByte(at(sums, i));
  }
  return { width, height, data };
}

/** @param outputSize of the whole result, which decides the scale. */
function createKernel(
  inputSize: number,
  outputSize: number,
  { start: offset, length }: Section,
  { support: radius, weightAt }: Filter,
): Kernel {
  const scale = inputSize / outputSize;
  const widening = Math.max(scale, 1);
  const support = radius * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);

  for (let position = 0; position < length; position++) {
    const center = (offset + position + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const taps = Math.min(Math.trunc(center + support + 0.5), inputSize) - start;
    let total = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = weightAt((tap + start - center + 0.5) * (1 / widening));
      exact[tap] = weight;
      total += weight;
    }
    for (let tap = 0; tap < taps; tap++) {
      const weight = at(exact, tap) / (total === 0 ? 1 : total);
      // Rounds halves away from zero, as Pillow does.
      weights[position * stride + tap] = Math.trunc(weight * ONE + (weight < 0 ? -0.5 : 0.5));
    }
    first[position] = start;
    count[position] = taps;
  }
  return { first, count, weights, stride };
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
