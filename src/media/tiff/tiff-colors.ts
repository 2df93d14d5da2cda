import { damagedImage, unsupportedFeature } from '../image-errors.js';
import { TAG, type TiffDirectory } from './tiff-directory.js';
import { PHOTOMETRIC } from './tiff-names.js';
import type { TiffPage } from './tiff-page.js';
import type { Samples } from './tiff-samples.js';

/** Writes the RGB bytes of the pixel whose samples start at `from` to `out[to]` and the two bytes after it. */
export type ToRgb = (samples: Samples, from: number, out: Uint8Array, to: number) => void;

const REMEDY = 'Save it as an 8-bit RGB TIFF.';

/**
 * The conversion of a color space whose samples are no brightness: palette, L*a*b*, YCbCr.
 *
 * @returns `null` for the other color spaces.
 * @throws UNSUPPORTED_FEATURE for sample types that the color space does not define; MEDIA_CORRUPT.
 */
export function createToRgb(page: TiffPage): ToRgb | null {
  switch (page.photometric) {
    case PHOTOMETRIC.palette:
      return createPalette(page);
    case PHOTOMETRIC.cieLab:
    case PHOTOMETRIC.iccLab:
      return createLab(page);
    case PHOTOMETRIC.yCbCr:
      return createYCbCr(page);
    default:
      return null;
  }
}

/** Source: TIFF 6.0, section 5. */
function createPalette({ directory, bits, sampleFormat }: TiffPage): ToRgb {
  if (bits > 16 || sampleFormat !== 'uint') {
    throw unsupportedFeature('TIFF', `a palette with ${bits}-bit indices`, REMEDY);
  }
  const map = directory.numbers(TAG.colorMap);
  const colors = map.length / 3;
  if (colors < 2 ** bits) {
    const finding = `its palette has ${Math.floor(colors)} of ${2 ** bits} colors`;
    throw damagedImage({ format: 'TIFF', finding, byte: directory.offset });
  }
  // Old writers store 8-bit colors, as libtiff checks too.
  const shift = map.every((value) => value < 256) ? 0 : 8;
  const bytes = Uint8Array.from(map, (value) => value >> shift);
  return (samples, from, out, to) => {
    const index = samples[from] as number;
    out[to] = bytes[index] as number;
    out[to + 1] = bytes[colors + index] as number;
    out[to + 2] = bytes[2 * colors + index] as number;
  };
}

/**
 * L*a*b* with white point D50. Sources: TIFF 6.0, section 23, for `cieLab`; Adobe Photoshop TIFF technical notes for
 * `iccLab` and 16 bits; ICC.1:2022 for the conversion, with the Bradford matrix from D50 to sRGB.
 */
function createLab({ photometric, bits, sampleFormat }: TiffPage): ToRgb {
  if ((bits !== 8 && bits !== 16) || sampleFormat === 'float') {
    throw unsupportedFeature('TIFF', `L*a*b* samples of ${bits} bits`, REMEDY);
  }
  const unit = bits === 8 ? 1 : 256;
  const isIcc = photometric === PHOTOMETRIC.iccLab;
  const lightness = 100 / (isIcc ? 255 * unit : 2 ** bits - 1);
  const half = 2 ** (bits - 1);
  // cieLab stores a* and b* as signed numbers, iccLab with an offset.
  const axis = (value: number) => {
    if (isIcc) return (value - half) / unit;
    return (value >= half ? value - 2 * half : value) / unit;
  };
  return (samples, from, out, to) => {
    const fy = ((samples[from] as number) * lightness + 16) / 116;
    const fx = fy + axis(samples[from + 1] as number) / 500;
    const fz = fy - axis(samples[from + 2] as number) / 200;
    const [x, y, z] = [0.9642 * cube(fx), cube(fy), 0.8249 * cube(fz)];
    out[to] = encodeSrgb(3.1338561 * x - 1.6168667 * y - 0.4906146 * z);
    out[to + 1] = encodeSrgb(-0.9787684 * x + 1.9161415 * y + 0.033454 * z);
    out[to + 2] = encodeSrgb(0.0719453 * x - 0.2289914 * y + 1.4052427 * z);
  };
}

/** The inverse of L*a*b*'s compression. */
function cube(f: number): number {
  return f > 6 / 29 ? f ** 3 : 3 * (6 / 29) ** 2 * (f - 4 / 29);
}

/** Linear light to an sRGB byte (IEC 61966-2-1). */
function encodeSrgb(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return toByte(value * 255);
}

/** Luma weights of ITU-R BT.601, and full range: the defaults of TIFF 6.0, section 21. */
const DEFAULT_COEFFICIENTS = [0.299, 0.587, 0.114] as const;
const DEFAULT_REFERENCE = [0, 255, 128, 255, 128, 255] as const;

/** Source: TIFF 6.0, section 21. */
function createYCbCr({ directory, bits, sampleFormat }: TiffPage): ToRgb {
  if (bits !== 8 || sampleFormat !== 'uint') {
    throw unsupportedFeature('TIFF', `YCbCr samples of ${bits} bits`, REMEDY);
  }
  const [red, green, blue] = readNumbers(directory, TAG.yCbCrCoefficients, DEFAULT_COEFFICIENTS);
  const [yBlack, yWhite, cbBlack, cbWhite, crBlack, crWhite] = readNumbers(
    directory,
    TAG.referenceBlackWhite,
    DEFAULT_REFERENCE,
  );
  const yScale = 255 / (yWhite - yBlack);
  const cbScale = 127 / (cbWhite - cbBlack);
  const crScale = 127 / (crWhite - crBlack);
  return (samples, from, out, to) => {
    const y = ((samples[from] as number) - yBlack) * yScale;
    const cb = ((samples[from + 1] as number) - cbBlack) * cbScale;
    const cr = ((samples[from + 2] as number) - crBlack) * crScale;
    const r = cr * (2 - 2 * red) + y;
    const b = cb * (2 - 2 * blue) + y;
    out[to] = toByte(r);
    out[to + 1] = toByte((y - blue * b - red * r) / green);
    out[to + 2] = toByte(b);
  };
}

/** The values of a tag, or the defaults if some are missing or not finite. */
function readNumbers<const Defaults extends readonly number[]>(
  directory: TiffDirectory,
  tag: number,
  defaults: Defaults,
): { [K in keyof Defaults]: number } {
  const values = directory.numbers(tag);
  const isUsable = values.length === defaults.length && values.every(Number.isFinite);
  return (isUsable ? values : defaults) as { [K in keyof Defaults]: number };
}

function toByte(value: number): number {
  return value >= 255 ? 255 : value > 0 ? Math.floor(value + 0.5) : 0;
}

/** Horizontal and vertical subsampling of Cb and Cr: 1, 2 or 4 each. */
export interface ChromaSubsampling {
  readonly across: number;
  readonly down: number;
}

/** @throws MEDIA_CORRUPT for other factors than 1, 2 and 4. */
export function readSubsampling({ directory }: TiffPage): ChromaSubsampling {
  const [across = 2, down = 2] = directory.numbers(TAG.yCbCrSubSampling);
  if (![across, down].every((factor) => factor === 1 || factor === 2 || factor === 4)) {
    const finding = `its chroma subsampling is ${across} × ${down}`;
    throw damagedImage({ format: 'TIFF', finding, byte: directory.offset });
  }
  return { across, down };
}

/** Bytes of a strip or tile with subsampled chroma. */
export function subsampledBytes(
  { across, down }: ChromaSubsampling,
  width: number,
  height: number,
): number {
  return Math.ceil(width / across) * Math.ceil(height / down) * (across * down + 2);
}

/**
 * Expands 8-bit data units of `across × down` luma samples, one Cb and one Cr to interleaved samples, three per pixel.
 * Chroma is repeated, as in libtiff.
 */
export function expandSubsampled(
  units: Uint8Array,
  { across, down }: ChromaSubsampling,
  width: number,
  height: number,
): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const unitBytes = across * down + 2;
  const unitsPerRow = Math.ceil(width / across);
  for (let y = 0; y < height; y++) {
    const unitRow = Math.floor(y / down) * unitsPerRow;
    for (let x = 0; x < width; x++) {
      const unit = (unitRow + Math.floor(x / across)) * unitBytes;
      const to = (y * width + x) * 3;
      pixels[to] = units[unit + (y % down) * across + (x % across)] as number;
      pixels[to + 1] = units[unit + across * down] as number;
      pixels[to + 2] = units[unit + across * down + 1] as number;
    }
  }
  return pixels;
}
