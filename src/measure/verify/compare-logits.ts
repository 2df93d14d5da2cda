/** How far the scores of one step are from those of the reference. */
export interface StepDifference {
  /** Kullback-Leibler divergence of the tokens' probabilities from the reference's, in nats; at least 0. */
  readonly divergence: number;
  /** Whether the likeliest token is the same; the lower id where two are equal. */
  readonly isTopEqual: boolean;
}

/**
 * Compares two distributions over the next token, without temperature. Sums are in double precision: over 256,000 tokens
 * single precision would show differences of its own.
 *
 * @param reference logits `[vocabulary]`
 * @param logits `[vocabulary]`
 * @throws RangeError for two lengths; @returns Infinity where a score is not a number.
 */
export function compareLogits(reference: Float32Array, logits: Float32Array): StepDifference {
  if (reference.length !== logits.length || logits.length === 0) {
    throw new RangeError(`${logits.length} scores cannot be compared with ${reference.length}.`);
  }
  const [expected, actual] = [normalise(reference), normalise(logits)];
  let divergence = 0;
  for (let id = 0; id < logits.length; id++) {
    const logprob = (reference[id] ?? NaN) - expected.logTotal;
    const weight = Math.exp(logprob);
    // Zero times minus infinity: a token that cannot come adds nothing.
    if (weight === 0) continue;
    divergence += weight * (logprob - ((logits[id] ?? NaN) - actual.logTotal));
  }
  return {
    divergence: Number.isFinite(divergence) ? Math.max(0, divergence) : Infinity,
    isTopEqual: expected.top === actual.top,
  };
}

/** The likeliest id, the lower one of two that are equal. */
export function topId(logits: Float32Array): number {
  let top = 0;
  for (let id = 1; id < logits.length; id++) {
    if ((logits[id] ?? NaN) > (logits[top] ?? NaN)) top = id;
  }
  return top;
}

function normalise(logits: Float32Array): { readonly top: number; readonly logTotal: number } {
  const top = topId(logits);
  const highest = logits[top] ?? NaN;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - highest);
  return { top, logTotal: highest + Math.log(total) };
}
