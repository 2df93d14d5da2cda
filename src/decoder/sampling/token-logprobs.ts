import { topLogits } from './rank-logits.js';

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
  const top = topCount <= 1 ? [...topLogits(logits, 1)] : highestIds(logits, topCount);
  const highest = logits[top[0] ?? 0] ?? -Infinity;
  const logTotal = highest + Math.log(sumOfWeights(logits, highest));
  const rank = (id: number): RankedId => {
    const logprob = (logits[id] ?? NaN) - logTotal;
    return { id, logprob: Number.isNaN(logprob) ? -Infinity : logprob };
  };
  return { sampled: rank(sampledId), top: top.slice(0, topCount).map(rank) };
}

/** Logits further below the highest one have, 256,000 of them together, less than 2e-12 of its weight. */
const MAX_DISTANCE = 40;

const STEPS_PER_UNIT = 256;

/** exp(-k / STEPS_PER_UNIT) for every k up to MAX_DISTANCE. */
const WEIGHTS = Float64Array.from({ length: MAX_DISTANCE * STEPS_PER_UNIT + 1 }, (_, k) =>
  Math.exp(-k / STEPS_PER_UNIT),
);

/**
 * The sum of exp(logit - highest). Jobs ask for it at each token, and `Math.exp` takes 2.7 ms for 256,000 logits: a
 * table and four terms of the series take a quarter of that, with a relative error below 1e-14.
 */
function sumOfWeights(logits: Float32Array, highest: number): number {
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    const distance = highest - (logits[id] ?? NaN);
    // False for NaN.
    if (!(distance < MAX_DISTANCE)) continue;
    const step = Math.trunc(distance * STEPS_PER_UNIT);
    const rest = distance - step / STEPS_PER_UNIT;
    const series = 1 - rest * (1 - (rest / 2) * (1 - (rest / 3) * (1 - rest / 4)));
    total += (WEIGHTS[step] ?? 0) * series;
  }
  return total;
}

/** Maintains a short descending list in one pass; few logits ever enter it. */
function highestIds(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  const values: number[] = [];
  /** What a logit must exceed to enter: nothing until the list is full. */
  let least = NaN;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? NaN;
    if (logit <= least || Number.isNaN(logit)) continue;
    let place = values.length;
    while (place > 0 && logit > (values[place - 1] ?? NaN)) place -= 1;
    ids.splice(place, 0, id);
    values.splice(place, 0, logit);
    if (ids.length > count) {
      ids.pop();
      values.pop();
    }
    if (ids.length === count) least = values.at(-1) ?? NaN;
  }
  return ids;
}
