import { chunkLength, alignToKernelRows } from './prefill-chunks.js';

function chunksOf(positions: number, longest: number): number[] {
  const chunks: number[] = [];
  for (let remaining = positions; remaining > 0; remaining -= chunks.at(-1)!) {
    chunks.push(chunkLength(remaining, longest));
  }
  return chunks;
}

describe.each([32, 128, 500, 512])('chunkLength with at most %i positions', (longest) => {
  it('splits at multiples of 16 and leaves no chunk of one position', () => {
    for (let positions = 2; positions < 5_000; positions++) {
      const chunks = chunksOf(positions, longest);

      expect(Math.min(...chunks)).toBeGreaterThan(1);
      expect(Math.max(...chunks)).toBeLessThanOrEqual(longest);
      expect(chunks.slice(0, -1).filter((length) => length % 16 > 0)).toEqual([]);
      // One more than the minimum only if the last chunk would have a single position.
      expect(chunks.length).toBeLessThanOrEqual(
        Math.ceil(positions / alignToKernelRows(longest)) + 1,
      );
    }
  });
});

describe('chunkLength', () => {
  it('balances the lengths', () => {
    expect(chunksOf(1_070, 512)).toEqual([368, 352, 350]);
    expect(chunksOf(770, 512)).toEqual([400, 370]);
    expect(chunksOf(129, 128)).toEqual([80, 49]);
    expect(chunksOf(897, 128)).toEqual([128, 112, 112, 112, 112, 112, 112, 97]);
    expect(chunksOf(1, 128)).toEqual([1]);
  });
});
