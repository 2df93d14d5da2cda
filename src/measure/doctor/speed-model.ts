/** Milliseconds for a number of tokens, tiles or megapixels. */
export interface Timing {
  readonly count: number;
  readonly ms: number;
}

/** Milliseconds as `fixed + linear * n + square * n * n`; no part is negative. */
export interface Curve {
  readonly fixed: number;
  readonly linear: number;
  readonly square: number;
}

/** How fast a model runs on a machine. */
export interface SpeedModel {
  /** Null: the model reads text alone. */
  readonly vision: {
    /** Cutting a picture of n megapixels into tiles, once it is decoded. */
    readonly cutting: Curve;
    /** Encoding n tiles, in as many runs as they take. */
    readonly encoding: Curve;
  } | null;
  /** Reading n positions into an empty cache. */
  readonly prefill: Curve;
  /** One step of one answer after n positions. */
  readonly step: Curve;
  /** What every further answer to the same beginning adds to a step, as a share of it. */
  readonly further: number;
}

/** The curve's value at `n`. */
export function predictMs({ fixed, linear, square }: Curve, n: number): number {
  return fixed + n * (linear + n * square);
}

/** A line through two timings, through the origin where it would begin below it. @param first has the smaller count. */
export function fitLine(first: Timing, second: Timing): Curve {
  const linear = Math.max(0, slope(first, second));
  const fixed = first.ms - linear * first.count;
  if (fixed >= 0) return { fixed, linear, square: 0 };
  return { fixed: 0, linear: second.ms / second.count, square: 0 };
}

/**
 * A curve through three timings. Where noise bends it downwards, or it would begin below zero, it is the line through the
 * last two or the curve from the origin through them.
 *
 * @param timings by ascending count.
 */
export function fitCurve([first, second, third]: readonly [Timing, Timing, Timing]): Curve {
  const square = (slope(second, third) - slope(first, second)) / (third.count - first.count);
  if (!(square > 0)) return fitLine(second, third);
  const linear = slope(first, second) - square * (first.count + second.count);
  const fixed = first.ms - first.count * (linear + first.count * square);
  if (linear >= 0 && fixed >= 0) return { fixed, linear, square };
  return fitFromOrigin(second, third);
}

/** `linear * n + square * n * n` through two timings. */
function fitFromOrigin(first: Timing, second: Timing): Curve {
  const rate = ({ count, ms }: Timing) => ms / count;
  const square = (rate(second) - rate(first)) / (second.count - first.count);
  const linear = rate(first) - square * first.count;
  if (square > 0 && linear >= 0) return { fixed: 0, linear, square };
  return { fixed: 0, linear: rate(second), square: 0 };
}

function slope(first: Timing, second: Timing): number {
  return (second.ms - first.ms) / (second.count - first.count);
}
