/** Transfer functions of HDR videos: SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG). */
export type HdrTransfer = 'pq' | 'hlg';

/** Highest luminance of a video that states none, in units of REFERENCE_NITS. ffmpeg's `tonemap` assumes the same. */
export const DEFAULT_PEAK = 10;

/** Luminance in cd/m² of white in SDR. */
export const REFERENCE_NITS = 100;

const LEVELS = 65_536;

/** Luma weights of BT.2020, for the system gamma of HLG. */
const LUMA = [0.2627, 0.678, 0.0593] as const;

type Nine = readonly [number, number, number, number, number, number, number, number, number];

/** Linear BT.2020 to linear BT.709 (ITU-R BT.2087), row by row. */
const BT2020_TO_BT709: Nine = [
  ...([1.660491, -0.587641, -0.07285] as const),
  ...([-0.12455, 1.1329, -0.008349] as const),
  ...([-0.018151, -0.100579, 1.11873] as const),
];

/** HLG at a nominal peak of 1,000 cd/m² (ITU-R BT.2100). */
const HLG_PEAK = 10;
const HLG_SYSTEM_GAMMA = 1.2;

/** Display gamma of SDR (ITU-R BT.1886). */
const SDR_GAMMA = 2.4;

const tables: Partial<Record<HdrTransfer, Float32Array>> = {};
let sdrTable: Uint8Array | undefined;

/**
 * Tone-maps a frame of BT.2020 to SDR of BT.709: to linear light, to the primaries of BT.709, the curve of Hable
 * (Filmic Tonemapping, 2010) on the largest channel, to the gamma of displays. The same steps as ffmpeg's filters
 * `zscale` and `tonemap=hable:desat=0` with 100 cd/m² of white, which many builds lack.
 *
 * @param pixels RGB with 16 bits per channel, little-endian: `width * height * 6` bytes
 * @param peak the highest luminance of the video, in units of REFERENCE_NITS
 * @returns RGB with 8 bits per channel
 */
export function toneMap(pixels: Uint8Array, transfer: HdrTransfer, peak: number): Uint8Array {
  const linear = (tables[transfer] ??= createLinearTable(transfer));
  const sdr = (sdrTable ??= createSdrTable());
  const scale = 1 / hable(peak);
  const count = pixels.length / 2;
  const output = new Uint8Array(count);
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = BT2020_TO_BT709;
  for (let i = 0; i < count; i += 3) {
    const red = linear[view.getUint16(2 * i, true)] ?? 0;
    const green = linear[view.getUint16(2 * i + 2, true)] ?? 0;
    const blue = linear[view.getUint16(2 * i + 4, true)] ?? 0;
    // The brightness of an HLG display depends on the luminance of the scene.
    const luma = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
    const gain = transfer === 'hlg' ? HLG_PEAK * luma ** (HLG_SYSTEM_GAMMA - 1) : 1;
    const r = gain * (m0 * red + m1 * green + m2 * blue);
    const g = gain * (m3 * red + m4 * green + m5 * blue);
    const b = gain * (m6 * red + m7 * green + m8 * blue);
    const signal = Math.max(r, g, b, 1e-6);
    const ratio = (hable(signal) * scale) / signal;
    output[i] = sdr[toLevel(r * ratio)] ?? 0;
    output[i + 1] = sdr[toLevel(g * ratio)] ?? 0;
    output[i + 2] = sdr[toLevel(b * ratio)] ?? 0;
  }
  return output;
}

function toLevel(value: number): number {
  return Math.round(Math.min(Math.max(value, 0), 1) * (LEVELS - 1));
}

/** Source: John Hable, Uncharted 2: HDR Lighting (GDC 2010), with its constants. */
export function hable(x: number): number {
  return (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06) - 0.02 / 0.3;
}

/** Linear light by signal: in units of REFERENCE_NITS for PQ; of the scene, from 0 to 1, for HLG. */
function createLinearTable(transfer: HdrTransfer): Float32Array {
  const toLinear = transfer === 'pq' ? pqToLinear : hlgToLinear;
  return Float32Array.from({ length: LEVELS }, (_, level) => toLinear(level / (LEVELS - 1)));
}

/** Source: SMPTE ST 2084, equation 4.1. */
function pqToLinear(signal: number): number {
  const power = signal ** (1 / 78.84375);
  const ratio = Math.max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power);
  return (10_000 / REFERENCE_NITS) * ratio ** (1 / 0.1593017578125);
}

/** Source: ITU-R BT.2100, table 5: the inverse of the opto-electronic transfer function. */
function hlgToLinear(signal: number): number {
  return signal <= 0.5
    ? signal ** 2 / 3
    : (Math.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12;
}

function createSdrTable(): Uint8Array {
  return Uint8Array.from({ length: LEVELS }, (_, level) =>
    Math.round(255 * (level / (LEVELS - 1)) ** (1 / SDR_GAMMA)),
  );
}
