/** Difference between two next-token distributions. */
export interface LogitDifference {
  /** KL(reference || model) in nats, at least 0. Infinity if a logit is not a number. */
  readonly klDivergence: number;
  /** Whether the token with the highest logit is the same. On a tie the lower id counts. */
  readonly isTop1Equal: boolean;
}

/**
 * Compares two next-token distributions at temperature 1. Sums are in double precision: over 256,000 tokens the
 * rounding errors of single precision would be visible.
 *
 * @param reference logits `[vocabulary]`
 * @param logits `[vocabulary]`
 * @throws RangeError if the lengths differ or are 0.
 */
export function compareLogits(reference: Float32Array, logits: Float32Array): LogitDifference {
  if (reference.length !== logits.length || logits.length === 0) {
    throw new RangeError(`Cannot compare ${logits.length} logits with ${reference.length}.`);
  }
  const [expected, actual] = [normalize(reference), normalize(logits)];
  let klDivergence = 0;
  for (let id = 0; id < logits.length; id++) {
    const logprob = (reference[id] ?? NaN) - expected.logTotal;
    const weight = Math.exp(logprob);
    // 0 * -Infinity would be NaN; a token of probability 0 adds nothing.
    if (weight === 0) continue;
    klDivergence += weight * (logprob - ((logits[id] ?? NaN) - actual.logTotal));
  }
  return {
    klDivergence: Number.isFinite(klDivergence) ? Math.max(0, klDivergence) : Infinity,
    isTop1Equal: expected.top === actual.top,
  };
}

/** The id of the highest logit; on a tie, the lower id. */
export function topId(logits: Float32Array): number {
  let top = 0;
  for (let id = 1; id < logits.length; id++) {
    if ((logits[id] ?? NaN) > (logits[top] ?? NaN)) top = id;
  }
  return top;
}

function normalize(logits: Float32Array): { readonly top: number; readonly logTotal: number } {
  const top = topId(logits);
  const highest = logits[top] ?? NaN;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - highest);
  return { top, logTotal: highest + Math.log(total) };
}

/**
 * Relative error in the Euclidean norm: |values - reference| / |reference|. 0 if equal, 1 for a vector of zeros.
 *
 * @throws RangeError if the lengths differ.
 */
export function relativeError(reference: Float32Array, values: Float32Array): number {
  if (reference.length !== values.length) {
    throw new RangeError(`Cannot compare ${values.length} values with ${reference.length}.`);
  }
  let difference = 0;
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const expected = reference[i] ?? NaN;
    difference += (expected - (values[i] ?? NaN)) ** 2;
    size += expected ** 2;
  }
  if (difference === 0) return 0;
  return Math.sqrt(difference / size);
}
