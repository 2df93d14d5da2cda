/** How a 16-bit float is laid out: IEEE 754 binary16, or the upper half of a float32. */
export type HalfFormat = 'float16' | 'bfloat16';

const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

/** Every one of the 65,536 binary16 values as float32, made on first use. */
let float16Table: Float32Array | undefined;

/** Widens 16-bit floats to float32; exact for every value of both formats. */
export function decodeHalf(words: Uint16Array, format: HalfFormat): Float32Array {
  const values = new Float32Array(words.length);
  if (format === 'bfloat16') {
    const patterns = new Uint32Array(values.buffer);
    for (let i = 0; i < words.length; i++) patterns[i] = (words[i] ?? 0) << 16;
    return values;
  }
  float16Table ??= Float32Array.from({ length: 0x10000 }, (_, word) => float16ToNumber(word));
  for (let i = 0; i < words.length; i++) values[i] = float16Table[words[i] ?? 0] ?? 0;
  return values;
}

/** Narrows float32 to binary16, rounding to nearest, ties to even; too large becomes infinity. */
export function encodeFloat16(values: Float32Array): Uint16Array {
  const words = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) words[i] = numberToFloat16(values[i] ?? 0);
  return words;
}

function float16ToNumber(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 0x1f;
  const fraction = word & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function numberToFloat16(value: number): number {
  floats[0] = value;
  const pattern = bits[0] ?? 0;
  const sign = (pattern >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  // 65520 lies half-way between the largest binary16 and the next step, and ties go to even.
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below the smallest normal number the steps are fixed: 2^-24.
  if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
  const exponent = ((pattern >>> 23) & 0xff) - 127;
  const steps = roundHalfEven((magnitude / 2 ** exponent - 1) * 1024);
  // A fraction of 1024 steps carries into the exponent by plain addition.
  return sign | (((exponent + 15) << 10) + steps);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
