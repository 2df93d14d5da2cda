/** The number of right answers among all. */
export interface Score {
  readonly right: number;
  readonly of: number;
  /** The share of right answers, 0 to 1. 0 without answers. */
  readonly share: number;
  /** The 95 % Wilson interval of the share. */
  readonly interval: readonly [number, number];
}

/** Counts right answers under any number of names. */
export class Tally {
  private readonly counts = new Map<string, { right: number; of: number }>();

  add(name: string, isRight: boolean): void {
    const count = this.counts.get(name) ?? { right: 0, of: 0 };
    count.of++;
    if (isRight) count.right++;
    this.counts.set(name, count);
  }

  score(name: string): Score {
    const { right, of } = this.counts.get(name) ?? { right: 0, of: 0 };
    return { right, of, share: of === 0 ? 0 : right / of, interval: wilsonInterval(right, of) };
  }

  /** The scores of all names with a prefix, which is removed. */
  scoresUnder(prefix: string): Record<string, Score> {
    const names = [...this.counts.keys()].filter((name) => name.startsWith(prefix)).sort();
    return Object.fromEntries(names.map((name) => [name.slice(prefix.length), this.score(name)]));
  }
}

/** The Wilson score interval of a share at 95 %. */
export function wilsonInterval(right: number, of: number): readonly [number, number] {
  if (of === 0) return [0, 1];
  const z = 1.96;
  const share = right / of;
  const centre = share + z ** 2 / (2 * of);
  const reach = z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2));
  const scale = 1 + z ** 2 / of;
  return [Math.max(0, (centre - reach) / scale), Math.min(1, (centre + reach) / scale)];
}
