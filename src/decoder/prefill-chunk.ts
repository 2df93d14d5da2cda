import { MAX_SCORE_BYTES } from '../config/limits.js';

/** Positions of one run. Longer runs delay a cancellation; shorter ones waste the processor. */
const LONGEST_CHUNK = 512;

/** Matrix kernels work on tiles of so many rows; a chunk that is no multiple of it leaves one half empty. */
const ROW_TILE = 16;

const FLOAT_BYTES = 4;

/**
 * How many positions of a prompt to read in one run, so that the scores of one layer,
 * `[heads, chunk, capacity + chunk]` float32, stay within MAX_SCORE_BYTES.
 *
 * @param capacity positions of the cache that the graph is handed, padding included.
 * @returns 1 to 512.
 */
export function prefillChunk(heads: number, capacity: number): number {
  const scores = MAX_SCORE_BYTES / (FLOAT_BYTES * heads);
  // The positive root of chunk * (capacity + chunk) = scores.
  const largest = Math.floor((Math.sqrt(capacity ** 2 + 4 * scores) - capacity) / 2);
  if (largest >= LONGEST_CHUNK) return LONGEST_CHUNK;
  return largest >= ROW_TILE ? largest - (largest % ROW_TILE) : Math.max(largest, 1);
}
