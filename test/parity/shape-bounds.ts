import type { AnswersDistance, HeadDistance, StageDistance } from './compare-shape.js';
import { MAX_FP32_DIFFERENCE } from './bounds.js';
import type { Distance } from './measures.js';

/** How a quantised model compares with transformers in float32, and with a quantisation written independently. */
export interface QuantisedReport {
  /** The product's error. */
  readonly own: AnswersDistance;
  /** That of the independent quantisation. */
  readonly independent: StageDistance;
  /** From one to the other. */
  readonly between: StageDistance;
  /** Of the product's head, which the independent quantisation does not round as far. */
  readonly head: HeadDistance;
}

/**
 * Largest distance of the product from the independent quantisation, in errors of the latter. Where every value is
 * rounded alike the two agree to six digits. But one value halfway between two codes may fall either way, and after a
 * few layers most roundings are others: a picture changed by a millionth moves features by two thirds of their error.
 * Two errors of one size with nothing in common are 1.4 apart.
 */
const MAX_BETWEEN = 1.3;
/** Of cosines and sines: the last digit of float32, and what the angle loses of it at position 32,767. */
export const MAX_ROPE_DIFFERENCE = 1e-6;
/** Of int4 whose weights are rounded a first time in the conversion, and of int4 whose weights are not. */
const MIN_ROUNDED_COSINE = 0.98;
const MIN_KEPT_COSINE = 0.9995;
/** Of scores from four bits a weight and from eight: random weights in blocks of 64 to 256 lose 8 to 10 % of a score's size. */
const MIN_HEAD_COSINE = 0.995;
/** What the product's error may be, in those of the independent quantisation. */
const MAX_OWN = 1.25;

/** Whether float32 is what transformers computes. */
export function isFloatKept({ features, logits }: AnswersDistance): boolean {
  return [features, logits].every((distance) => (distance?.maxAbs ?? 0) <= MAX_FP32_DIFFERENCE);
}

/**
 * Whether an imported checkpoint gives what it stands for. The codes of GPTQ go into a package as they are, so that
 * int4 rounds activations and the head alone; other formats have none that fit.
 */
export function isImportKept(
  name: string,
  precision: 'fp32' | 'int4',
  own: AnswersDistance,
): boolean {
  if (precision === 'fp32') return isFloatKept(own);
  return own.logits.cosine >= (name === 'gptq' ? MIN_KEPT_COSINE : MIN_ROUNDED_COSINE);
}

/** Whether a quantised model errs as its quantisation must, and no more. */
export function isQuantisedKept({ own, independent, between, head }: QuantisedReport): boolean {
  const isHeadKept = head.scores.cosine >= MIN_HEAD_COSINE && head.sameFirst === head.answers;
  const areStagesKept = (['features', 'logits'] as const).every((stage) => {
    const expected = angle(independent[stage]);
    return (
      angle(own[stage]) <= MAX_OWN * expected && angle(between[stage]) <= MAX_BETWEEN * expected
    );
  });
  return isHeadKept && areStagesKept;
}

/** The part of a vector that points elsewhere, about its relative error. */
function angle(distance: Distance | null): number {
  return distance ? Math.sqrt(Math.max(0, 2 - 2 * distance.cosine)) : 0;
}
