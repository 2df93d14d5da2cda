import { SalamandraError } from '../../errors/salamandra-error.js';
import { descendingIds } from './descending-ids.js';
import { createRandom } from './random.js';
import { topLogits } from './top-logits.js';

/** How the next token is chosen. */
export interface SamplingSettings {
  /** 0 takes the likeliest token; 1 samples the model's own distribution; above 1 flattens it. */
  readonly temperature: number;
  /** The smallest set of tokens with at least this share of the probability is sampled from; 1 is all. */
  readonly topP: number;
  /** Only this many likeliest tokens are sampled from; 0 is all. */
  readonly topK: number;
  /** Tokens already seen get less likely above 1; 1 changes nothing. */
  readonly repetitionPenalty: number;
  /** The same seed over the same prompt gives the same answer on the same machine. */
  readonly seed: number;
}

/** Chooses a token from logits `[vocabulary]`. It draws random numbers, so each answer has its own. */
export type Sampler = (logits: Float32Array) => number;

/**
 * Greedy at temperature 0, the lowest id on ties; otherwise temperature, then topK, then topP, then a draw, in the
 * order of Hugging Face's `generate`.
 *
 * @throws INVALID_PARAMETER for settings out of range. The sampler itself throws INTERNAL when no score is a number.
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
    throw new SalamandraError('INTERNAL', 'The model gave no scores.');
  }
  return best;
}

function sample(
  logits: Float32Array,
  { temperature, topK, topP }: SamplingSettings,
  random: number,
): number {
  const highest = logits[likeliestId(logits)] ?? 0;
  // Probabilities up to a factor; relative to the highest score, so that nothing overflows.
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

/** The index at which the running sum of the weights passes `random`, from 0 to below 1, of their total. */
function drawIndex(weights: ArrayLike<number>, random: number): number {
  let rest = random * sum(weights);
  let chosen = 0;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index] ?? 0;
    if (weight === 0) continue;
    // Rounding may leave a rest after the last weight: then the last one is drawn.
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

/** @throws INVALID_PARAMETER naming the first setting out of range. */
function checkSamplingSettings(settings: SamplingSettings): void {
  const { temperature, topP, topK, repetitionPenalty, seed } = settings;
  const rules: [keyof SamplingSettings, boolean][] = [
    ['temperature', temperature >= 0 && temperature <= 100],
    ['topP', topP > 0 && topP <= 1],
    ['topK', Number.isSafeInteger(topK) && topK >= 0],
    ['repetitionPenalty', repetitionPenalty > 0 && repetitionPenalty <= 100],
    ['seed', Number.isSafeInteger(seed)],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (!broken) return;
  throw new SalamandraError('INVALID_PARAMETER', 'A sampling setting is out of range.', {
    details: { parameter: broken[0] },
  });
}
