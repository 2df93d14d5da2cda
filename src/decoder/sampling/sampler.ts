import { SalamandraError } from '../../errors/salamandra-error.js';
import { descendingIds, topLogits } from './rank-logits.js';
import { createRandom } from './random.js';

/** Sampling parameters. */
export interface SamplingSettings {
  /** 0 is greedy; 1 samples the model's distribution; above 1 flattens it. */
  readonly temperature: number;
  /** Nucleus sampling: smallest set of tokens with at least this probability mass; 1 disables it. */
  readonly topP: number;
  /** Number of top tokens to sample from; 0 disables it. */
  readonly topK: number;
  /** Above 1 lowers the probability of tokens already seen; 1 disables it. */
  readonly repetitionPenalty: number;
  /** The same seed and prompt give the same answer on the same machine. */
  readonly seed: number;
}

/** Selects a token from logits `[vocabulary]`. It has random state, so each answer needs its own sampler. */
export type Sampler = (logits: Float32Array) => number;

/**
 * Greedy at temperature 0, the lowest id on ties. Otherwise temperature, top-k, top-p and a random draw, in the order
 * of Hugging Face's `generate`.
 *
 * @throws INVALID_PARAMETER for settings out of range. The sampler throws INTERNAL if no logit is finite.
 */
export function createSampler(settings: SamplingSettings): Sampler {
  checkSamplingSettings(settings);
  if (settings.temperature === 0) return likeliestId;
  const random = createRandom(settings.seed);
  return (logits) => sample(logits, settings, random());
}

function likeliestId(logits: Float32Array): number {
  const [best] = topLogits(logits, 1);
  if (best === undefined || logits[best] === -Infinity) {
    throw new SalamandraError('INTERNAL', 'The model returned no finite logit.');
  }
  return best;
}

function sample(
  logits: Float32Array,
  { temperature, topK, topP }: SamplingSettings,
  random: number,
): number {
  const highest = logits[likeliestId(logits)] ?? 0;
  // Unnormalized probabilities relative to the highest logit, so that nothing overflows.
  const weightOf = (id: number): number => {
    const weight = Math.exp(((logits[id] ?? NaN) - highest) / temperature);
    return Number.isNaN(weight) ? 0 : weight;
  };
  if (topK === 0 && topP === 1) {
    return drawIndex(
      Float64Array.from(logits, (_, id) => weightOf(id)),
      random,
    );
  }
  const ranked = topK === 0 ? descendingIds(logits) : firstOf(descendingIds(logits), topK);
  const total =
    topK === 0 ? sum(logits.map((_, id) => weightOf(id))) : sum([...ranked].map(weightOf));
  const ids: number[] = [];
  const weights: number[] = [];
  let reached = 0;
  for (const id of ranked) {
    ids.push(id);
    weights.push(weightOf(id));
    reached += weightOf(id);
    if (reached >= topP * total) break;
  }
  return ids[drawIndex(weights, random)] ?? 0;
}

function firstOf(ids: Iterable<number>, count: number): number[] {
  const first: number[] = [];
  for (const id of ids) {
    first.push(id);
    if (first.length === count) break;
  }
  return first;
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

function sum(weights: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < weights.length; index++) total += weights[index] ?? 0;
  return total;
}

/** @throws INVALID_PARAMETER for the first setting out of range. */
function checkSamplingSettings(settings: SamplingSettings): void {
  const { temperature, topP, topK, repetitionPenalty, seed } = settings;
  const rules: [keyof SamplingSettings, isValid: boolean, range: string][] = [
    ['temperature', temperature >= 0 && temperature <= 100, 'a number from 0 to 100'],
    ['topP', topP > 0 && topP <= 1, 'a number above 0 and at most 1'],
    ['topK', Number.isSafeInteger(topK) && topK >= 0, 'an integer of at least 0'],
    [
      'repetitionPenalty',
      repetitionPenalty > 0 && repetitionPenalty <= 100,
      'a number above 0 and at most 100',
    ],
    ['seed', Number.isSafeInteger(seed), 'a safe integer'],
  ];
  const broken = rules.find(([, isValid]) => !isValid);
  if (!broken) return;
  const [parameter, , range] = broken;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `${parameter} is ${settings[parameter]}; it must be ${range}.`,
    { details: { parameter } },
  );
}
