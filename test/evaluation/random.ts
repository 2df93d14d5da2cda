/** A seeded random number generator, so that a held-out scene is the same on every machine. */
export interface Random {
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer in [low, high], both ends included. */
  integer(low: number, high: number): number;
  isLikely(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** `count` different items in random order. */
  sample<T>(items: readonly T[], count: number): T[];
  /** A sample of the normal distribution. */
  normal(mean: number, deviation: number): number;
}

/** The generator mulberry32 (Tommy Ettinger, public domain), whose 32-bit state is enough for one scene. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (low: number, high: number): number =>
    low + Math.floor(next() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => {
    const item = items[integer(0, items.length - 1)];
    if (item === undefined) throw new RangeError('Cannot pick from an empty list.');
    return item;
  };
  return {
    integer,
    pick,
    between: (low, high) => low + next() * (high - low),
    isLikely: (probability) => next() < probability,
    sample: <T>(items: readonly T[], count: number): T[] => {
      const rest = [...items];
      return Array.from({ length: count }, () => {
        const [item] = rest.splice(integer(0, rest.length - 1), 1);
        if (item === undefined) throw new RangeError('Cannot sample more items than there are.');
        return item;
      });
    },
    normal: (mean, deviation) =>
      mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
