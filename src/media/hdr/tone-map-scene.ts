import { hable } from '../tone-map.js';

/** Statistics of a scene-linear picture, where 1 is white. */
export interface SceneRange {
  /** Geometric mean of the luminance. */
  readonly mean: number;
  /** The value below which all but one in a thousand channels' largest values are. */
  readonly peak: number;
}

/** Luma weights of BT.709. */
const LUMA = [0.2126, 0.7152, 0.0722] as const;

/** Bins of the histogram: eight for each power of two from 2^-20 to 2^20. */
const BINS_PER_STOP = 8;
const STOPS = 20;

/** The luminance of middle gray, relative to white. */
const MIDDLE_GRAY = 0.18;

/** Means above this and peaks below DARK_PEAK are those of other units than a display's. */
const BRIGHT_MEAN = 2;

const DARK_PEAK = 0.1;

/** Collects the statistics of the pixels that are passed to `add`. */
export function createSceneMeter(): {
  readonly add: (red: number, green: number, blue: number) => void;
  readonly range: () => SceneRange;
} {
  const bins = new Uint32Array(2 * STOPS * BINS_PER_STOP + 1);
  let logs = 0;
  let lit = 0;
  let count = 0;
  return {
    add(red, green, blue) {
      const luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
      const largest = Math.max(red, green, blue);
      count += 1;
      if (!(largest > 0) || largest === Infinity) return;
      const bin = Math.round((Math.log2(largest) + STOPS) * BINS_PER_STOP);
      const at = Math.min(Math.max(bin, 0), bins.length - 1);
      bins[at] = (bins[at] as number) + 1;
      if (luma > 0) {
        logs += Math.log2(luma);
        lit += 1;
      }
    },
    range() {
      let above = 0;
      let bin = bins.length - 1;
      for (; bin > 0; bin--) {
        above += bins[bin] as number;
        if (above > count / 1000) break;
      }
      return { mean: lit === 0 ? 0 : 2 ** (logs / lit), peak: 2 ** (bin / BINS_PER_STOP - STOPS) };
    },
  };
}

/**
 * A function that maps scene-linear RGB of the primaries of BT.709 to sRGB bytes: exposure, the curve of Hable on the
 * largest channel as for HDR videos, the transfer function of sRGB (IEC 61966-2-1).
 *
 * Pictures whose values end at white are only encoded, as converters of ordinary pictures expect. The exposure changes
 * only where the mean is far above white, or all values are far below it: then the units are not those of a display.
 */
export function createSceneMap({
  mean,
  peak,
}: SceneRange): (linear: readonly [number, number, number], out: Uint8Array, to: number) => void {
  const exposure =
    mean > BRIGHT_MEAN ? MIDDLE_GRAY / mean : peak > 0 && peak < DARK_PEAK ? 1 / peak : 1;
  // Half a bin above white is still white.
  const white = peak * exposure;
  const isHdr = white > 2 ** (0.5 / BINS_PER_STOP);
  const scale = isHdr ? 1 / hable(white) : 1;
  return (linear, out, to) => {
    const signal = Math.max(...linear) * exposure;
    const ratio = isHdr && signal > 1e-6 ? (hable(signal) * scale) / signal : 1;
    for (let channel = 0; channel < 3; channel++) {
      out[to + channel] = toSrgb((linear[channel] ?? 0) * exposure * ratio);
    }
  };
}

function toSrgb(value: number): number {
  if (!(value > 0)) return 0;
  if (value >= 1) return 255;
  const encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(encoded * 255);
}
