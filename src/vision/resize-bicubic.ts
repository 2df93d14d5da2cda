import type { DecodedImage } from '../media/decoded-image.js';
import type { Size } from './vision-geometry.js';

const CHANNELS = 3;
// A local constant: in a sandbox such as Jest's, access to globals is slow, and this one is used per weight.
const { imul } = Math;
/** Radius of the cubic kernel in source pixels, before it is widened for downscaling. */
const SUPPORT = 2;
/** Fraction bits of the 32-bit sums: 8 bits hold the result, and 2 the overshoot of the negative lobes. */
const PRECISION_BITS = 32 - 8 - 2;
const ONE = 2 ** PRECISION_BITS;
const HALF = 2 ** (PRECISION_BITS - 1);

/** For each output position: the first input position, the number of taps, and their weights. */
interface Kernel {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** Fixed point with PRECISION_BITS fraction bits, [outputSize * stride]. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Resizes with a cubic kernel (a = -0.5), which is widened for downscaling (antialiasing).
 *
 * Bit-equal to `Image.resize(size, Image.BICUBIC)` of Pillow 13 (src/libImaging/Resample.c): 22-bit fixed-point
 * weights, 8 bits between the passes. Models are trained on these pixels. libvips and torchvision differ by several
 * gray levels at edges.
 */
export function resizeBicubic(image: DecodedImage, size: Size): DecodedImage {
  return isHeightFirst(image, size)
    ? resizeWidth(resizeHeight(image, size.height), size.width)
    : resizeHeight(resizeWidth(image, size.width), size.height);
}

/**
 * Pillow 13 resizes the height first if it shrinks by more than twice the pixels of the width. Earlier versions never
 * did.
 */
function isHeightFirst(image: Size, size: Size): boolean {
  const lostHeight = image.height - size.height;
  return lostHeight > 0 && lostHeight > 2 * (image.width - size.width);
}

function resizeWidth(image: DecodedImage, width: number): DecodedImage {
  if (image.width === width) return image;
  const { height, data: source } = image;
  const { first, count, weights, stride } = createKernel(image.width, width);
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

function resizeHeight(image: DecodedImage, height: number): DecodedImage {
  if (image.height === height) return image;
  const { width, data: source } = image;
  const { first, count, weights, stride } = createKernel(image.height, height);
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

function createKernel(inputSize: number, outputSize: number): Kernel {
  const scale = inputSize / outputSize;
  const widening = Math.max(scale, 1);
  const support = SUPPORT * widening;
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputSize);
  const count = new Int32Array(outputSize);
  const weights = new Int32Array(outputSize * stride);
  const exact = new Float64Array(stride);

  for (let position = 0; position < outputSize; position++) {
    const center = (position + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const taps = Math.min(Math.trunc(center + support + 0.5), inputSize) - start;
    let total = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = cubic((tap + start - center + 0.5) * (1 / widening));
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

function toByte(fixedPoint: number): number {
  const value = fixedPoint >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** Array access without a check: the loops above keep the index in range. */
function at(array: Uint8Array | Int32Array | Float64Array, index: number): number {
  return array[index] as number;
}
