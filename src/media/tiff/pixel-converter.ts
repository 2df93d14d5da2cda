import { unsupportedFeature } from '../image-errors.js';
import {
  chooseAlphaRange,
  chooseRange,
  createByteMap,
  type Extremes,
  extendExtremes,
  isFull16BitRange,
} from './sample-range.js';
import { createToRgb } from './tiff-colors.js';
import { TAG } from './tiff-directory.js';
import { namePhotometric, PHOTOMETRIC } from './tiff-names.js';
import type { TiffPage } from './tiff-page.js';
import { checkSampleType, type SampleRows, type Samples } from './tiff-samples.js';

/** Converts `count` pixels from `samples[from]` on to bytes from `out[to]` on. */
export type ConvertRow = (
  samples: Samples,
  from: number,
  count: number,
  out: Uint8Array,
  to: number,
) => void;

/** Converts the interleaved samples of a page to bytes of gray, RGB or CMYK, and alpha. */
export interface PixelConverter {
  readonly colorSamples: 1 | 3 | 4;
  readonly alpha: 'straight' | 'premultiplied' | null;
  /** Bytes per converted pixel. */
  readonly channels: number;
  /** Whether the conversion depends on the extremes, which `scan` collects. */
  readonly usesRange: boolean;
  scan(samples: Samples, layout: SampleRows): void;
  /** Whether the samples scanned so far have the full range of 16 bits, so that further ones change nothing. */
  readonly isFull16BitRange: boolean;
  /** The conversion for the samples scanned so far. */
  createConvert(): ConvertRow;
}

const REMEDY = 'Save it as an 8-bit RGB TIFF.';

const PREMULTIPLIED_ALPHA = 1;
const STRAIGHT_ALPHA = 2;

/** Color samples of the result by color space. Other color spaces are not supported. */
const RESULT_SAMPLES: ReadonlyMap<number, 1 | 3 | 4> = new Map([
  [PHOTOMETRIC.whiteIsZero, 1],
  [PHOTOMETRIC.blackIsZero, 1],
  [PHOTOMETRIC.rgb, 3],
  [PHOTOMETRIC.palette, 3],
  [PHOTOMETRIC.separated, 4],
  [PHOTOMETRIC.yCbCr, 3],
  [PHOTOMETRIC.cieLab, 3],
  [PHOTOMETRIC.iccLab, 3],
]);

/** @throws UNSUPPORTED_FEATURE, MEDIA_CORRUPT */
export function createPixelConverter(page: TiffPage): PixelConverter {
  checkSampleType(page);
  const { photometric, samplesPerPixel, extraSamples, directory } = page;
  const colorSamples = RESULT_SAMPLES.get(photometric);
  if (colorSamples === undefined) {
    throw unsupportedFeature('TIFF', namePhotometric(photometric), REMEDY);
  }
  if (photometric === PHOTOMETRIC.separated && (directory.number(TAG.inkSet) ?? 1) !== 1) {
    throw unsupportedFeature('TIFF', 'other inks than CMYK', REMEDY);
  }

  const alphaIndex = extraSamples.findIndex(
    (meaning) => meaning === PREMULTIPLIED_ALPHA || meaning === STRAIGHT_ALPHA,
  );
  const alphaAt = page.colorSamples + alphaIndex;
  const hasAlpha = alphaIndex >= 0;
  const isPremultiplied = extraSamples[alphaIndex] === PREMULTIPLIED_ALPHA;
  const channels = colorSamples + (hasAlpha ? 1 : 0);
  const toRgb = createToRgb(page);
  const color: Extremes = { min: Infinity, max: -Infinity };
  const alpha: Extremes = { min: Infinity, max: -Infinity };
  const noData = Number.parseFloat(Buffer.from(directory.bytes(TAG.gdalNoData)).toString('latin1'));

  return {
    colorSamples,
    alpha: hasAlpha ? (isPremultiplied ? 'premultiplied' : 'straight') : null,
    channels,
    usesRange: toRgb === null,
    scan(samples, { stride }) {
      for (let first = 0; first < page.colorSamples; first += 1) {
        extendExtremes(color, samples, { first, stride, noData });
      }
      if (hasAlpha) extendExtremes(alpha, samples, { first: alphaAt, stride, noData: NaN });
    },
    get isFull16BitRange() {
      return isFull16BitRange(page, color) && (!hasAlpha || isFull16BitRange(page, alpha));
    },
    createConvert() {
      const invert = photometric === PHOTOMETRIC.whiteIsZero ? 255 : 0;
      const range = chooseRange(page, color);
      const toByte = createByteMap(page, range);
      const toAlpha = createByteMap(page, chooseAlphaRange(page, alpha));
      const areBytes =
        page.bits === 8 && page.sampleFormat === 'uint' && range.black === 0 && range.white === 255;
      if (!toRgb && invert === 0 && areBytes && channels === samplesPerPixel) return copyBytes;
      return (samples, from, count, out, to) => {
        for (let pixel = 0; pixel < count; pixel++) {
          const at = from + pixel * samplesPerPixel;
          const target = to + pixel * channels;
          if (toRgb) {
            toRgb(samples, at, out, target);
          } else {
            for (let sample = 0; sample < colorSamples; sample++) {
              out[target + sample] = toByte(samples[at + sample] as number) ^ invert;
            }
          }
          if (hasAlpha) out[target + colorSamples] = toAlpha(samples[at + alphaAt] as number);
        }
      };

      function copyBytes(
        samples: Samples,
        from: number,
        count: number,
        out: Uint8Array,
        to: number,
      ) {
        out.set(samples.subarray(from, from + count * channels), to);
      }
    },
  };
}
