/** The best time of a repeated call, and how far the usual time is from it. */
export interface RepeatedTiming {
  /** Milliseconds of the fastest call. */
  readonly ms: number;
  /** Median divided by the fastest time: 1 on an idle machine. */
  readonly slowdown: number;
}

export interface RepeatPolicy {
  /** Calls on an idle machine; fewer if they take longer than `usualMs` together. */
  readonly usual: { readonly calls: number; readonly ms: number };
  /** The same, while the times differ by more than `MAX_SLOWDOWN`. */
  readonly most: { readonly calls: number; readonly ms: number };
}

/** A median above this shows that other programs take part of the time. An idle machine stays below 1.1. */
export const MAX_SLOWDOWN = 1.25;

/**
 * Times a call several times and keeps the fastest, which other programs disturb least. Repeats it more often while the
 * times differ.
 *
 * @param prepare called before each call, outside of its time.
 * @param now a monotonic clock in milliseconds.
 */
export async function timeRepeatedly(
  call: () => Promise<unknown>,
  { usual, most }: RepeatPolicy,
  prepare: () => void = () => undefined,
  now: () => number = () => performance.now(),
): Promise<RepeatedTiming> {
  const durations: number[] = [];
  let total = 0;
  for (;;) {
    prepare();
    const startMs = now();
    await call();
    const ms = now() - startMs;
    durations.push(ms);
    total += ms;
    const timing = summarize(durations);
    const limit = timing.slowdown > MAX_SLOWDOWN ? most : usual;
    if (durations.length >= limit.calls || total >= limit.ms) return timing;
  }
}

function summarize(durations: readonly number[]): RepeatedTiming {
  const sorted = [...durations].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle) - 1] ?? NaN)) / 2;
  const [fastest = NaN] = sorted;
  return { ms: fastest, slowdown: fastest > 0 ? median / fastest : 1 };
}
