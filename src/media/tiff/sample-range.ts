import { TAG } from './tiff-directory.js';
import type { TiffPage } from './tiff-page.js';
import type { Samples } from './tiff-samples.js';

/** The sample values of black and white. */
export interface SampleRange {
  readonly black: number;
  readonly white: number;
}

/** Smallest and largest finite sample of a picture. */
export interface Extremes {
  min: number;
  max: number;
}

/** Bits that sensors and converters use in wider samples. */
const COMMON_DEPTHS = [8, 10, 12, 14] as const;

/**
 * Bits that few devices use. They count if the largest sample is exactly the top of their range, as in pictures with a
 * clipped white. Otherwise a dark picture of the next depth would become twice as bright: that its samples stay below
 * a power of two is no evidence.
 */
const RARE_DEPTHS = [9, 11, 13, 15] as const;

/** The same for signed samples: values of 14 bits are elevations rather than brightness. */
const SIGNED_DEPTHS = [8, 10, 12] as const;

/**
 * Pictures that use a smaller part of the range of their type than this fill it with something else than brightness,
 * for instance counts or elevations, and are stretched to their own range.
 */
const LEAST_USED = 1 / 8;

/** Whether black and white depend on the samples, so that they must be read twice. */
export function needsExtremes({ bits, sampleFormat }: TiffPage): boolean {
  return sampleFormat === 'float' || bits >= 16 || (sampleFormat === 'int' && bits === 8);
}

/**
 * Extends `extremes` by every `stride`-th sample from `first`. Values that are not finite, and GDAL's marker for
 * missing values, do not count.
 */
export function extendExtremes(
  extremes: Extremes,
  samples: Samples,
  {
    first,
    stride,
    noData,
  }: { readonly first: number; readonly stride: number; readonly noData: number },
): void {
  let { min, max } = extremes;
  for (let at = first; at < samples.length; at += stride) {
    const value = samples[at] as number;
    if (value === noData || value - value !== 0) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  extremes.min = min;
  extremes.max = max;
}

/**
 * The range that is mapped to 0 to 255, in this order: what the tags SMinSampleValue, SMaxSampleValue or MaxSampleValue
 * state, if the samples agree; for integers the smallest depth (COMMON_DEPTHS, RARE_DEPTHS) that holds all of them, or
 * else their type; for floating point 0 to 1 or 0 to 255. Pictures that use less than an eighth of that are stretched
 * from their smallest to their largest value, and so are 32-bit integers and negative floating-point samples.
 */
export function chooseRange(page: TiffPage, { min, max }: Extremes): SampleRange {
  // Nothing was scanned, because the type decides, or no sample is a number.
  if (min > max) return { black: 0, white: page.sampleFormat === 'float' ? 1 : 2 ** page.bits - 1 };
  const declared = declaredRange(page, { min, max });
  if (declared) return declared;
  const own = { black: min, white: max > min ? max : min + 1 };
  if (page.sampleFormat === 'float') return floatRange(min, max) ?? own;

  const isSigned = page.sampleFormat === 'int' && min < 0;
  const typeBits = page.sampleFormat === 'int' && min >= 0 ? page.bits - 1 : page.bits;
  const range = (bits: number) => {
    const black = isSigned ? -(2 ** (bits - 1)) : 0;
    return { black, white: black + 2 ** bits - 1 };
  };
  const common = isSigned ? SIGNED_DEPTHS : COMMON_DEPTHS;
  const depths = typeBits > 16 ? [...common, 16] : common;
  const holdsAll = (bits: number) => min >= range(bits).black && max <= range(bits).white;
  const rare = isSigned ? undefined : findRareDepth(max, typeBits);
  const depth = typeBits >= 15 ? (rare ?? depths.find(holdsAll)) : undefined;
  const chosen = range(depth ?? typeBits);
  const used = (max - min) / (chosen.white - chosen.black);
  const mayStretch = isSigned || typeBits > 16;
  return mayStretch && page.bits > 8 && used < LEAST_USED ? own : chosen;
}

function findRareDepth(max: number, typeBits: number): number | undefined {
  return RARE_DEPTHS.find((bits) => bits < typeBits && max === 2 ** bits - 1);
}

const RANGE_TAGS = [TAG.sMinSampleValue, TAG.sMaxSampleValue, TAG.maxSampleValue] as const;

/** Whether the range is that of 16 bits, whatever the other samples are. */
export function isFull16BitRange(page: TiffPage, { max }: Extremes): boolean {
  return (
    page.sampleFormat === 'uint' &&
    page.bits === 16 &&
    max >= 2 ** 15 &&
    RANGE_TAGS.every((tag) => page.directory.number(tag) === undefined)
  );
}

/** `null` for the picture's own range. */
function floatRange(min: number, max: number): SampleRange | null {
  if (min < 0) return null;
  const white = [1, 255].find((value) => max <= value);
  return white !== undefined && max >= white * LEAST_USED ? { black: 0, white } : null;
}

/** Writers also store the extremes of single pictures in these tags, or leave wrong values after a conversion. */
function declaredRange({ directory, bits }: TiffPage, { min, max }: Extremes): SampleRange | null {
  if (bits === 8) return null;
  const lows = directory.numbers(TAG.sMinSampleValue);
  const highs = directory.numbers(TAG.sMaxSampleValue);
  const [black, white] = [Math.min(...lows), Math.max(...highs)];
  if (lows.length > 0 && highs.length > 0 && black <= min && white >= max && white > black) {
    return { black, white };
  }
  const depth = Math.log2((directory.number(TAG.maxSampleValue) ?? 0) + 1);
  const isDepth = Number.isInteger(depth) && depth >= 8 && depth <= bits;
  return isDepth && min >= 0 && max <= 2 ** depth - 1 ? { black: 0, white: 2 ** depth - 1 } : null;
}

/** The range of alpha values: that of their depth, never their own. */
export function chooseAlphaRange(page: TiffPage, { max }: Extremes): SampleRange {
  if (page.sampleFormat === 'float') return { black: 0, white: max > 1 ? 255 : 1 };
  const typeBits = page.sampleFormat === 'int' ? page.bits - 1 : page.bits;
  const depths = typeBits > 16 ? [...COMMON_DEPTHS, 16] : COMMON_DEPTHS;
  const common = depths.find((bits) => max <= 2 ** bits - 1 && max > 2 ** (bits - 2));
  const depth = typeBits >= 15 ? (findRareDepth(max, typeBits) ?? common) : undefined;
  return { black: 0, white: 2 ** (depth ?? typeBits) - 1 };
}

/**
 * A function that maps samples to 0 to 255, clamped; samples that are not numbers become 0. 16-bit samples lose their
 * lower byte, as in Pillow; the others are rounded.
 */
export function createByteMap(
  { bits, sampleFormat }: TiffPage,
  { black, white }: SampleRange,
): (sample: number) => number {
  const scale = 255 / (white - black);
  const map =
    bits === 16 && black === 0 && white === 65_535
      ? (sample: number) => sample >> 8
      : (sample: number) => clamp((sample - black) * scale + 0.5);
  if (sampleFormat === 'float' || bits > 16) return map;
  // Indexed by the bits of the sample, because negative values are no index.
  const table = Uint8Array.from({ length: 2 ** bits }, (_, index) =>
    map(sampleFormat === 'int' ? (index << (32 - bits)) >> (32 - bits) : index),
  );
  const mask = 2 ** bits - 1;
  return (sample) => table[sample & mask] as number;
}

function clamp(value: number): number {
  return value >= 255 ? 255 : value > 0 ? Math.floor(value) : 0;
}
