/**
 * Positions in which prompts are parted. Matrix kernels work on tiles of so many rows, and the kernel of the softmax sums up
 * every sixteenth weight before it adds the sums: what is parted at a multiple of it comes out the same to the last bit as
 * what is not parted. A digit that differs would not stay one: a value that is rounded to the next byte moves scores by tenths.
 */
const KERNEL_ROWS = 16;

/**
 * Positions at the end of a prompt that are always read: the last one gives the first token, and a run of one position alone
 * goes through the kernel for steps, which rounds in another way.
 */
export const MIN_UNCACHED_TOKENS = 2;

/** The whole tiles among so many positions. */
export function alignToKernelRows(positions: number): number {
  return positions - (positions % KERNEL_ROWS);
}

/**
 * Positions of the next run over what is left of a prompt: in as many runs as it takes, all of about one length. The last
 * position is never left alone: see `ALWAYS_READ`.
 *
 * @param longest positions of a run, two tiles at least.
 */
export function chunkLength(left: number, longest: number): number {
  const most = alignToKernelRows(longest);
  if (left <= most) return left;
  const length = Math.min(
    most,
    KERNEL_ROWS * Math.ceil(left / Math.ceil(left / most) / KERNEL_ROWS),
  );
  return left - length === 1 ? length - KERNEL_ROWS : length;
}
