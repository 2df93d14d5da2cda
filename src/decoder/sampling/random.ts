/**
 * Seeded pseudo-random numbers in [0, 1): Mulberry32 by Tommy Ettinger. Not for cryptography.
 *
 * @param seed any safe integer; all bits are used.
 */
export function createRandom(seed: number): () => number {
  let state = (seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
