import { SalamandraError } from '../../errors/salamandra-error.js';
import { checkSettings } from './check-settings.js';
import { descendingIds, topLogits } from './rank-logits.js';
import { createRandom } from './random.js';

/** How a token is chosen from the logits. */
export interface SamplingSettings {
  /** 0 is greedy; 1 samples the model's distribution; above 1 flattens it. */
  readonly temperature: number;
  /** Number of most likely tokens to sample from; 0 disables it. */
  readonly topK: number;
  /** Nucleus sampling: smallest set of tokens with at least this probability mass; 1 disables it. */
  readonly topP: number;
  /** Minimum probability of a token, as a fraction of the probability of the most likely one; 0 disables it. */
  readonly minP: number;
  /** The same seed and prompt give the same answer on the same machine. */
  readonly seed: number;
}

/** Selects a token from logits `[vocabulary]`. It has random state, so each answer needs its own sampler. */
export type Sampler = (logits: Float32Array) => number;

/**
 * Greedy at temperature 0, the lowest id on ties. Otherwise a random draw from the tokens of `truncate`.
 *
 * @throws INVALID_PARAMETER for settings out of range. The sampler throws INTERNAL if no logit is finite.
 */
export function createSampler(settings: SamplingSettings): Sampler {
  const { temperature, topP, topK, minP, seed } = settings;
  checkSettings(settings, [
    ['temperature', temperature >= 0 && temperature <= 100, 'a number from 0 to 100'],
    ['topP', topP >= 0 && topP <= 1, 'a number from 0 to 1'],
    ['topK', Number.isSafeInteger(topK) && topK >= 0, 'an integer of at least 0'],
    ['minP', minP >= 0 && minP <= 1, 'a number from 0 to 1'],
    ['seed', Number.isSafeInteger(seed), 'a safe integer'],
  ]);
  if (temperature === 0) return likeliestId;
  const random = createRandom(seed);
  return (logits) => {
    const { ids, weights } = truncate(logits, settings);
    const index = drawIndex(weights, random());
    return ids?.[index] ?? index;
  };
}

function likeliestId(logits: Float32Array): number {
  const [best] = topLogits(logits, 1);
  if (best === undefined || logits[best] === -Infinity) {
    throw new SalamandraError('INTERNAL', 'The model returned no finite logit.');
  }
  return best;
}

/** Tokens to sample from, with probabilities up to a common factor. */
export interface TruncatedTokens {
  /** Most likely first. `null`: all tokens of the vocabulary, in its order. */
  readonly ids: readonly number[] | null;
  readonly weights: ArrayLike<number>;
}

/**
 * Temperature, top-k, top-p and min-p, in the order of Hugging Face's `generate` (`_get_logits_processor` in
 * `generation/utils.py`). Tokens as likely as the last of the top-k remain, as there.
 *
 * @param settings `temperature` above 0.
 */
export function truncate(
  logits: Float32Array,
  { temperature, topK, topP, minP }: Omit<SamplingSettings, 'seed'>,
): TruncatedTokens {
  const highest = logits[likeliestId(logits)] ?? 0;
  // Unnormalized probabilities relative to the highest logit, so that nothing overflows.
  const weightOf = (id: number): number => {
    const weight = Math.exp(((logits[id] ?? NaN) - highest) / temperature);
    return Number.isNaN(weight) ? 0 : weight;
  };
  if (topK === 0 && topP === 1) {
    const weights = Float64Array.from(logits, (_, id) => weightOf(id));
    // The most likely token has the weight 1.
    if (minP > 0) for (const [id, weight] of weights.entries()) if (weight < minP) weights[id] = 0;
    return { ids: null, weights };
  }
  const ranked = topK === 0 ? descendingIds(logits) : rankedTop(logits, topK);
  const total = topK === 0 ? sumOver(logits.length, weightOf) : undefined;
  const enough = topP === 1 ? Infinity : topP * (total ?? sum([...ranked].map(weightOf)));
  const ids: number[] = [];
  const weights: number[] = [];
  let reached = 0;
  for (const id of ranked) {
    const weight = weightOf(id);
    if (ids.length > 0 && (reached >= enough || weight < minP)) break;
    ids.push(id);
    weights.push(weight);
    reached += weight;
  }
  return { ids, weights };
}

/** The `count` most likely ids and those with the same logit as the last of them, most likely first. */
function rankedTop(logits: Float32Array, count: number): number[] {
  let last = Infinity;
  const top = [...topLogits(logits, count)];
  for (const id of top) last = Math.min(last, logits[id] ?? Infinity);
  // `topLogits` keeps any of the ids with the last logit. Tokens without a probability need not be listed.
  const ids = top.filter((id) => (logits[id] ?? NaN) > last);
  const next = (from: number) => (last === -Infinity ? -1 : logits.indexOf(last, from));
  for (let id = next(0); id !== -1; id = next(id + 1)) ids.push(id);
  return ids.sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
}

/** Draws an index with probability proportional to its weight. @param random in [0, 1). */
function drawIndex(weights: ArrayLike<number>, random: number): number {
  let rest = random * sum(weights);
  let chosen = 0;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index] ?? 0;
    if (weight === 0) continue;
    // Rounding may leave a remainder after the last weight: then the last index is drawn.
    chosen = index;
    rest -= weight;
    if (rest < 0) break;
  }
  return chosen;
}

function sum(values: ArrayLike<number>): number {
  return sumOver(values.length, (index) => values[index] ?? 0);
}

function sumOver(count: number, valueAt: (index: number) => number): number {
  let total = 0;
  for (let index = 0; index < count; index++) total += valueAt(index);
  return total;
}
