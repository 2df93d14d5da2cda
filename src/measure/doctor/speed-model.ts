/** Milliseconds for a number of tokens, tiles or megapixels. */
export interface Timing {
  readonly count: number;
  readonly ms: number;
}

/** Milliseconds as `fixed + linear * n + square * n * n`; no coefficient is negative. */
export interface Curve {
  readonly fixed: number;
  readonly linear: number;
  readonly square: number;
}

/** The speed of a model on a machine, as curves that `doctor` fits to measurements. */
export interface SpeedModel {
  /** `null` if the model has no vision encoder. */
  readonly vision: {
    /** Tiling a decoded image of n megapixels. */
    readonly tiling: Curve;
    /** Encoding n tiles, including the overhead of each run. */
    readonly encoding: Curve;
  } | null;
  /** Prefill of n tokens into an empty KV cache. */
  readonly prefill: Curve;
  /** One decode step of one sequence with n positions in the KV cache. */
  readonly step: Curve;
  /** Time that each further sequence of the batch adds to a decode step, as a share of the step. */
  readonly extraSequenceShare: number;
}

/** The curve's value at `n`. */
export function predictMs({ fixed, linear, square }: Curve, n: number): number {
  return fixed + n * (linear + n * square);
}

/**
 * A line through two timings. Through the origin instead if `fixed` would be negative.
 *
 * @param first has the smaller count.
 */
export function fitLine(first: Timing, second: Timing): Curve {
  const linear = Math.max(0, slope(first, second));
  const fixed = first.ms - linear * first.count;
  if (fixed >= 0) return { fixed, linear, square: 0 };
  return { fixed: 0, linear: second.ms / second.count, square: 0 };
}

/**
 * A curve through three timings. If noise makes a coefficient negative, it is the line through the last two timings,
 * or the curve through the origin and the last two.
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
