import type { LevelBlock } from './matrix-source.js';

/** One row in the block format of MatMulNBits. */
interface BlockRow {
  /** ceil(columns / blockSize) blocks of blockSize * bits / 8 bytes. */
  readonly packed: Uint8Array;
  /** One per block. */
  readonly scales: Float32Array;
  /** `bits` bits per block, the first in the low half of a byte. */
  readonly zeroPoints: Uint8Array;
}

/**
 * Writes a row of integers in the block format of MatMulNBits without changing them. Each block must be part of one
 * group. The last block is padded with its zero point, which stands for 0.
 */
export function packLevelRow(
  source: LevelBlock,
  row: number,
  columns: number,
  blockSize: number,
  target: BlockRow,
): void {
  const { bits, groupSize } = source;
  const groups = source.scales.length / (source.levels.length / columns);
  const levels = source.levels.subarray(row * columns, (row + 1) * columns);
  target.zeroPoints.fill(0);
  for (let block = 0; block < target.scales.length; block++) {
    const begin = block * blockSize;
    const group = row * groups + Math.floor(begin / groupSize);
    const zeroPoint = source.zeroPoints[group] ?? 0;
    target.scales[block] = source.scales[group] ?? 0;
    packNumber(target.zeroPoints, block, bits, zeroPoint);
    for (let column = begin; column < begin + blockSize; column += bits === 4 ? 2 : 1) {
      const low = levels[column] ?? zeroPoint;
      const high = bits === 4 ? (levels[column + 1] ?? zeroPoint) : 0;
      target.packed[(column * bits) >> 3] = low | (high << 4);
    }
  }
}

/** Adds a number to a buffer of zeros. */
function packNumber(bytes: Uint8Array, index: number, bits: 4 | 8, value: number): void {
  const byte = (index * bits) >> 3;
  const shift = bits === 4 ? (index % 2) * 4 : 0;
  bytes[byte] = (bytes[byte] ?? 0) | (value << shift);
}
