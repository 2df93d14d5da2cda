import { numberToFloat16 } from './float16-bits.js';
import { GGML_TYPES } from './gguf-file.js';

/** Blocks of the shared ring. Prime, so that no two rows of a matrix are equal. */
const RING_BLOCKS = 16_381;

/** Standard deviations of the unscaled values of random bits. */
const Q4_0_DEVIATION = Math.sqrt((16 ** 2 - 1) / 12);
const Q8_0_DEVIATION = Math.sqrt((256 ** 2 - 1) / 12);
const Q6_K_DEVIATION = Math.sqrt((64 ** 2 - 1) / 12);

/** Q6_K: 256 weights as 128 low and 64 high bytes, 16 scales of 8 bits and one of 16. */
const Q6_K_SCALES_AT = 192;
const Q6_K_SCALE_AT = 208;
const Q6_K_INNER_SCALE = 64;

/** The tensor types of the weights. */
export type RandomType = 'F16' | 'Q4_0' | 'Q6_K' | 'Q8_0';

const rings = new Map<string, Uint8Array>();

/**
 * Blocks of quantized weights with random bits, approximately mean 0 and the given standard deviation, from a repeating
 * ring. Gigabytes need no computation, and a kernel takes as long as with trained weights.
 *
 * @param count number of blocks.
 */
export function* readRandomBlocks(
  type: RandomType,
  count: number,
  deviation: number,
): Generator<Uint8Array> {
  const { bytes } = GGML_TYPES[type];
  const ring = ringOf(type, deviation);
  for (let left = count; left > 0; left -= RING_BLOCKS) {
    yield ring.subarray(0, Math.min(left, RING_BLOCKS) * bytes);
  }
}

function ringOf(type: RandomType, deviation: number): Uint8Array {
  const key = `${type} ${deviation}`;
  const known = rings.get(key);
  if (known) return known;
  const { bytes } = GGML_TYPES[type];
  const ring = randomBytes(RING_BLOCKS * bytes);
  const view = new DataView(ring.buffer);
  for (let start = 0; start < ring.length; start += bytes) {
    if (type === 'F16') {
      const value = (ring[start]! / 127.5 - 1) * Math.sqrt(3) * deviation;
      view.setUint16(start, numberToFloat16(value), true);
    } else if (type === 'Q4_0') {
      view.setUint16(start, numberToFloat16(deviation / Q4_0_DEVIATION), true);
    } else if (type === 'Q8_0') {
      view.setUint16(start, numberToFloat16(deviation / Q8_0_DEVIATION), true);
    } else {
      const scale = deviation / Q6_K_DEVIATION / Q6_K_INNER_SCALE;
      ring.fill(Q6_K_INNER_SCALE, start + Q6_K_SCALES_AT, start + Q6_K_SCALE_AT);
      view.setUint16(start + Q6_K_SCALE_AT, numberToFloat16(scale), true);
    }
  }
  rings.set(key, ring);
  return ring;
}

/** Pseudo-random bytes, the same on every call. */
export function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (state * 48_271) % 0x7fff_ffff;
    bytes[i] = state >>> 8;
  }
  return bytes;
}
