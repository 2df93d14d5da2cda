/** A token and the natural logarithm of its probability. */
export interface RankedId {
  readonly id: number;
  readonly logprob: number;
}

/** Log-probabilities of one step, before temperature, penalties and truncation. */
export interface StepLogprobs {
  readonly sampled: RankedId;
  /** Top ids in descending order, the lower id first on ties. */
  readonly top: readonly RankedId[];
}

/**
 * Log-softmax of the logits at the sampled id and at the `topCount` top ids. Two passes and a short list: the
 * vocabulary is neither sorted nor copied. NaN counts as probability 0.
 *
 * @param logits `[vocabulary]`, unmodified.
 */
export function rankStep(logits: Float32Array, sampledId: number, topCount: number): StepLogprobs {
  const top = highestIds(logits, Math.max(topCount, 1));
  const highest = logits[top[0] ?? 0] ?? -Infinity;
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    const weight = Math.exp((logits[id] ?? NaN) - highest);
    if (weight > 0) total += weight;
  }
  const logTotal = highest + Math.log(total);
  const rank = (id: number): RankedId => {
    const logprob = (logits[id] ?? NaN) - logTotal;
    return { id, logprob: Number.isNaN(logprob) ? -Infinity : logprob };
  };
  return { sampled: rank(sampledId), top: top.slice(0, topCount).map(rank) };
}

/** Maintains a short descending list in one pass; few logits ever enter it. */
function highestIds(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  const values: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? NaN;
    if (Number.isNaN(logit) || (ids.length === count && !(logit > (values.at(-1) ?? NaN))))
      continue;
    let place = values.length;
    while (place > 0 && logit > (values[place - 1] ?? NaN)) place -= 1;
    ids.splice(place, 0, id);
    values.splice(place, 0, logit);
    if (ids.length > count) {
      ids.pop();
      values.pop();
    }
  }
  return ids;
}
