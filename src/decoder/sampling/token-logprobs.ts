/** A token and the natural logarithm of its probability. */
export interface RankedId {
  readonly id: number;
  readonly logprob: number;
}

/** What the model thought of one step, before temperature, penalties and cuts. */
export interface StepLogprobs {
  readonly sampled: RankedId;
  /** The likeliest ids, likeliest first; the lower id first where two are equal. */
  readonly top: readonly RankedId[];
}

/**
 * The log-softmax of a step's scores, at the sampled id and at the `topCount` likeliest. Two passes over the scores and
 * a short list: a vocabulary is never sorted or copied. Scores that are not numbers have no probability.
 *
 * @param logits `[vocabulary]`, as the model gave them.
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

/** Keeps a short descending list on the way through the scores; few of them ever enter it. */
function highestIds(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  const scores: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const score = logits[id] ?? NaN;
    if (Number.isNaN(score) || (ids.length === count && !(score > (scores.at(-1) ?? NaN))))
      continue;
    let place = scores.length;
    while (place > 0 && score > (scores[place - 1] ?? NaN)) place -= 1;
    ids.splice(place, 0, id);
    scores.splice(place, 0, score);
    if (ids.length > count) {
      ids.pop();
      scores.pop();
    }
  }
  return ids;
}
