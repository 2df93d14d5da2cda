import { createNoise } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { type BlockFormat, quantizeBlockRow } from './quantize-blocks.js';

/** Quantizes and dequantizes. */
function throughBlocks(row: Float32Array, { bits, blockSize }: BlockFormat) {
  const blocks = Math.ceil(row.length / blockSize);
  const packed = new Uint8Array((blocks * blockSize * bits) / 8);
  const scales = new Float32Array(blocks);
  quantizeBlockRow(row, { bits, blockSize }, packed, scales);
  const levels =
    bits === 8
      ? [...packed].map((byte) => byte - 128)
      : [...packed].flatMap((byte) => [(byte & 15) - 8, (byte >> 4) - 8]);
  const values = levels.map((level, i) => level * scales[Math.floor(i / blockSize)]!);
  return { packed, scales, levels, values };
}

function relativeError(row: Float32Array, values: readonly number[]): number {
  const square = (sum: number, value: number) => sum + value * value;
  const error = [...row].map((value, i) => value - values[i]!).reduce(square, 0);
  return Math.sqrt(error / [...row].reduce(square, 0));
}

/** Approximately normal values, like trained weights. */
function weights(length: number): Float32Array {
  const noise = createNoise(5);
  return Float32Array.from({ length }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += noise();
    return 0.02 * sum;
  });
}

describe('quantizeBlockRow', () => {
  it.each<[BlockFormat, number]>([
    [{ bits: 4, blockSize: 32 }, 0.085],
    [{ bits: 4, blockSize: 64 }, 0.094],
    [{ bits: 4, blockSize: 128 }, 0.103],
    [{ bits: 8, blockSize: 64 }, 0.0065],
  ])('%j keeps normal weights within %d', (format, bound) => {
    const row = weights(1 << 14);

    expect(relativeError(row, throughBlocks(row, format).values)).toBeLessThan(bound);
  });

  it('finds a scale with a smaller error than the extreme value alone', () => {
    const row = weights(1 << 12);
    const plain = Array.from({ length: row.length / 64 }, (_, block) => {
      const part = row.subarray(block * 64, (block + 1) * 64);
      const extreme = part.reduce((best, value) =>
        Math.abs(value) > Math.abs(best) ? value : best,
      );
      const scale = extreme / -8;
      return [...part].map((value) => scale * Math.min(7, Math.round(value / scale)));
    }).flat();

    const fitted = relativeError(row, throughBlocks(row, { bits: 4, blockSize: 64 }).values);
    expect(fitted).toBeLessThan(0.97 * relativeError(row, plain));
  });

  it('packs the first of two values in the low half, with zero point 8', () => {
    // With the extreme value at -8, all values are exact levels.
    const { packed, scales } = throughBlocks(
      Float32Array.of(8, -7, 1, 0, ...new Array<number>(12).fill(-1)),
      { bits: 4, blockSize: 16 },
    );

    expect(scales[0]).toBe(-1);
    expect([...packed]).toEqual([0xf0, 0x87, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99]);
  });

  it('pads the last block with zeros', () => {
    const { levels } = throughBlocks(weights(21), { bits: 4, blockSize: 16 });

    expect(levels).toHaveLength(32);
    expect(levels.slice(21)).toEqual(new Array(11).fill(0));
    expect(throughBlocks(weights(17), { bits: 8, blockSize: 16 }).levels.slice(17)).toEqual(
      new Array(15).fill(0),
    );
  });

  it.each([4, 8] as const)('encodes a block of zeros in %d bits', (bits) => {
    const { values, scales } = throughBlocks(new Float32Array(16), { bits, blockSize: 16 });

    expect(values.every((value) => value === 0)).toBe(true);
    expect([...scales]).toEqual([0]);
  });

  it.each([4, 8] as const)('rejects NaN and infinity in %d bits', (bits) => {
    const row = Float32Array.of(1, NaN, ...new Array<number>(14).fill(0));

    expect(() => throughBlocks(row, { bits, blockSize: 16 })).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});
