import { findMagnitude } from './quantize-rows.js';

export interface BlockFormat {
  readonly bits: 4 | 8;
  /** Values that share a scale. */
  readonly blockSize: number;
}

/** Below it a scale would leave the range of float32; no trained block is that small. */
const SMALLEST_MAGNITUDE = 1e-30;

/**
 * What a block's extreme value is divided by to get a scale worth trying, in four bits. Levels reach from -8 to 7,
 * so the extreme may fall on -8 or a little inside or outside of it. Against -8 alone the five and the fit after
 * them lower the error of weights by 5 % and the divergence of the demo model's answers by a quarter.
 */
const FOUR_BIT_DIVISORS = [7.4, 7.65, 7.9, 8.15, 8.4];

/**
 * Quantises one row in blocks, each around the middle of its range: `value ≈ (quantized - middle) * scale`. Four
 * bits are packed in pairs, the first of two in the low half; what the last block lacks is filled up with zeros.
 *
 * @param row [columns]. @param packed takes the blocks. @param scales takes one scale a block.
 * @throws MODEL_INVALID when a value is no finite number.
 */
export function quantizeBlockRow(
  row: Float32Array,
  { bits, blockSize }: BlockFormat,
  packed: Uint8Array,
  scales: Float32Array,
): void {
  for (let block = 0; block < scales.length; block++) {
    const begin = block * blockSize;
    const end = Math.min(begin + blockSize, row.length);
    const extreme = findExtreme(row, begin, end);
    const place = (begin * bits) / 8;
    if (extreme === 0) {
      scales[block] = 0;
      packed.fill(bits === 4 ? 0x88 : 0x80, place, place + (blockSize * bits) / 8);
    } else if (bits === 4) {
      const scale = fitScale(row, begin, end, extreme);
      scales[block] = scale;
      packFourBits(row, begin, end, scale, packed.subarray(place, place + blockSize / 2));
    } else {
      const scale = Math.fround(extreme / -128);
      scales[block] = scale;
      packEightBits(row, begin, end, scale, packed.subarray(place, place + blockSize));
    }
  }
}

/** The value of largest magnitude, with its sign; 0 for a block that is as good as zero. */
function findExtreme(row: Float32Array, begin: number, end: number): number {
  const magnitude = findMagnitude(row, begin, end);
  if (magnitude < SMALLEST_MAGNITUDE) return 0;
  for (let i = begin; i < end; i++) {
    const value = row[i] ?? 0;
    if (value === magnitude || value === -magnitude) return value;
  }
  return 0;
}

/**
 * Tries some scales; for the levels that each gives, the best one is that of a least-squares fit, and what it
 * explains of the block says which to take. The caller rounds the block once more, with the scale that won.
 */
function fitScale(row: Float32Array, begin: number, end: number, extreme: number): number {
  let most = -1;
  let best = 0;
  for (const divisor of FOUR_BIT_DIVISORS) {
    const inverse = -divisor / extreme;
    let product = 0;
    let square = 0;
    for (let i = begin; i < end; i++) {
      const value = row[i] ?? 0;
      const shifted = (value * inverse + 8.5) | 0; // positive, so cutting off rounds
      const level = (shifted > 15 ? 15 : shifted) - 8;
      product += level * value;
      square += level * level;
    }
    const explained = (product * product) / square;
    if (explained > most) {
      most = explained;
      best = product / square;
    }
  }
  return Math.fround(best);
}

function packFourBits(
  row: Float32Array,
  begin: number,
  end: number,
  scale: number,
  packed: Uint8Array,
): void {
  const inverse = 1 / scale;
  for (let i = 0; i < packed.length; i++) {
    const first = begin + 2 * i;
    const low = first < end ? fourBitLevel((row[first] ?? 0) * inverse) : 8;
    const high = first + 1 < end ? fourBitLevel((row[first + 1] ?? 0) * inverse) : 8;
    packed[i] = low | (high << 4);
  }
}

/** Rounds halves up, as `Math.floor(value + 0.5)` does, and stays within 0 to 15. */
function fourBitLevel(value: number): number {
  const shifted = value + 8.5;
  return shifted >= 15 ? 15 : shifted > 0 ? shifted | 0 : 0;
}

function packEightBits(
  row: Float32Array,
  begin: number,
  end: number,
  scale: number,
  packed: Uint8Array,
): void {
  const inverse = 1 / scale;
  for (let i = 0; i < packed.length; i++) {
    const shifted = begin + i < end ? ((row[begin + i] ?? 0) * inverse + 128.5) | 0 : 128;
    packed[i] = shifted > 255 ? 255 : shifted;
  }
}
