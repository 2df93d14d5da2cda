import type { AnswersDistance, HeadDistance, StageDistance } from './compare-shape.js';
import { MAX_FP32_DIFFERENCE } from './bounds.js';
import type { Distance } from './measures.js';

/** Differences of a quantized model from transformers in float32 and from an independent quantization. */
export interface QuantisedReport {
  /** The error of the production code. */
  readonly own: AnswersDistance;
  /** The error of the independent quantization. */
  readonly independent: StageDistance;
  /** The difference between the two. */
  readonly between: StageDistance;
  /** The error of the production head, which has fewer bits than that of the independent quantization. */
  readonly head: HeadDistance;
}

/**
 * Maximum difference between production and independent quantization, as a multiple of the error of the latter. If
 * every value is rounded to the same code, the two agree to six digits. But a value halfway between two codes may be
 * rounded either way, and after a few layers most codes differ: changing an image by a millionth changes its features
 * by two thirds of their error. Two uncorrelated errors of the same size differ by 1.4.
 */
const MAX_BETWEEN = 1.3;
/** Maximum difference of cosines and sines: the rounding of float32, and of the angle at position 32,767. */
export const MAX_ROPE_DIFFERENCE = 1e-6;
/** Minimum cosines of int4 with weights quantized by the conversion, and with weights already in 4 bits. */
const MIN_ROUNDED_COSINE = 0.98;
const MIN_KEPT_COSINE = 0.9995;
/** Minimum cosine of logits of the 4-bit and the 8-bit head: blocks of 64 to 256 random weights err by 8 to 10 %. */
const MIN_HEAD_COSINE = 0.995;
/** Maximum error of production, as a multiple of that of the independent quantization. */
const MAX_OWN = 1.25;

/** Whether the float32 results are those of transformers. */
export function isFloatKept({ features, logits }: AnswersDistance): boolean {
  return [features, logits].every((distance) => (distance?.maxAbs ?? 0) <= MAX_FP32_DIFFERENCE);
}

/** Checkpoints whose integers an int4 package takes over: only activations and the head are quantized. */
const KEPT_IMPORTS = ['gptq', 'awq', 'w4a16'];

/** Whether a quantized checkpoint gives the results of its dequantized weights. */
export function isImportKept(
  name: string,
  precision: 'fp32' | 'int4',
  own: AnswersDistance,
): boolean {
  if (precision === 'fp32') return isFloatKept(own);
  return own.logits.cosine >= (KEPT_IMPORTS.includes(name) ? MIN_KEPT_COSINE : MIN_ROUNDED_COSINE);
}

/** Whether the errors of a quantized model are within the bounds of its quantization. */
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

/** The chord between two unit vectors, approximately the relative error. */
function angle(distance: Distance | null): number {
  return distance ? Math.sqrt(Math.max(0, 2 - 2 * distance.cosine)) : 0;
}
