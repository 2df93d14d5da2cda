import { MAX_SCORE_BYTES } from '../config/limits.js';
import { prefillChunk } from './prefill-chunk.js';

const scoreBytes = (heads: number, chunk: number, capacity: number) =>
  4 * heads * chunk * (capacity + chunk);

describe('prefillChunk', () => {
  it.each([
    [8, 0, 512],
    [8, 1024, 512],
    [32, 1536, 512],
    [32, 2048, 416],
    [32, 8192, 112],
    [64, 32_768, 0],
  ])('reads with %d heads over %d positions %d at once', (heads, capacity, chunk) => {
    expect(prefillChunk(heads, capacity)).toBe(chunk || 15);
  });

  it('fills the limit and never passes it', () => {
    for (let capacity = 0; capacity <= 131_072; capacity += 256) {
      const chunk = prefillChunk(32, capacity);
      expect(scoreBytes(32, chunk, capacity)).toBeLessThanOrEqual(MAX_SCORE_BYTES);
      if (chunk >= 512) continue;
      expect(scoreBytes(32, chunk + 16, capacity)).toBeGreaterThan(MAX_SCORE_BYTES);
    }
  });

  it('reads on one by one where a single position is too much', () => {
    expect(prefillChunk(4096, 16_000_000)).toBe(1);
  });
});
