/**
 * Prompts are split at multiples of this many positions. The matrix kernels process 16 rows at a time, and the softmax
 * kernel accumulates every sixteenth weight before it adds the sums, so a split at a multiple gives bit-equal results.
 * Elsewhere the last digit differs, a value rounds to another int8, and logits move by tenths.
 */
const KERNEL_ROWS = 16;

/**
 * Positions at the end of a prompt that are always prefilled. The last position yields the first token's logits, and a
 * run of a single position would use the decode kernel, which rounds in another way.
 */
export const MIN_UNCACHED_TOKENS = 2;

/** Rounds down to a multiple of KERNEL_ROWS. */
export function alignToKernelRows(positions: number): number {
  return positions - (positions % KERNEL_ROWS);
}

/**
 * Length of the next prefill chunk: as few chunks as possible, all of about the same length. The last chunk is never a
 * single position (see MIN_UNCACHED_TOKENS).
 *
 * @param remaining positions that are not prefilled yet.
 * @param longest positions of the largest chunk, at least 2 * KERNEL_ROWS.
 */
export function chunkLength(remaining: number, longest: number): number {
  const most = alignToKernelRows(longest);
  if (remaining <= most) return remaining;
  const chunks = Math.ceil(remaining / most);
  const length = Math.min(most, KERNEL_ROWS * Math.ceil(remaining / chunks / KERNEL_ROWS));
  return remaining - length === 1 ? length - KERNEL_ROWS : length;
}
