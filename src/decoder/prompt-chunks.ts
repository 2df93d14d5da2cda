/**
 * Positions in which prompts are parted. Matrix kernels work on tiles of so many rows, and the kernel of the softmax sums up
 * every sixteenth weight before it adds the sums: what is parted at a multiple of it comes out the same to the last bit as
 * what is not parted. A digit that differs would not stay one: a value that is rounded to the next byte moves scores by tenths.
 */
const ROW_TILE = 16;

/**
 * Positions at the end of a prompt that are always read: the last one gives the first token, and a run of one position alone
 * goes through the kernel for steps, which rounds in another way.
 */
export const ALWAYS_READ = 2;

/** The whole tiles among so many positions. */
export function wholeTiles(positions: number): number {
  return positions - (positions % ROW_TILE);
}

/**
 * Positions of the next run over what is left of a prompt: in as many runs as it takes, all of about one length. The last
 * position is never left alone: see `ALWAYS_READ`.
 *
 * @param longest positions of a run, two tiles at least.
 */
export function chunkLength(left: number, longest: number): number {
  const most = wholeTiles(longest);
  if (left <= most) return left;
  const length = Math.min(most, ROW_TILE * Math.ceil(left / Math.ceil(left / most) / ROW_TILE));
  return left - length === 1 ? length - ROW_TILE : length;
}
