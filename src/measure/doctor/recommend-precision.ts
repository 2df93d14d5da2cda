import { type Precision, PRECISIONS } from '../../models/package/manifest.js';

/** A precision that a model could run in. */
export interface PrecisionChoice {
  readonly precision: Precision;
  /** Most memory of the process that would hold it, in bytes. */
  readonly memoryBytes: number;
  /** Milliseconds of an ordinary request; null where it is not installed, or was not measured. */
  readonly requestMs: number | null;
}

export interface PrecisionCircumstances {
  /** Bytes that a model may take. */
  readonly usableBytes: number;
  /** Whether products of eight bits run on instructions made for them; null where nobody knows. */
  readonly fastEightBits: boolean | null;
}

export interface PrecisionRecommendation {
  readonly precision: Precision;
  /** Clauses without an end, for a person. */
  readonly reasons: readonly string[];
}

/** What is as fast but for this share is a matter of noise; the more exact one is taken. */
const NOISE = 0.1;
/** Below this a token takes hundredths of a second in any precision: four bits save little for their errors. */
const SMALL_MODEL_BYTES = 500_000_000;
/** Left to everything else on the machine. */
const SPARE_SHARE = 0.1;

/**
 * Chooses among those that fit the memory: by measurement where two or more were measured, else by what holds of models of
 * such a size on such a processor.
 *
 * @param choices at least one.
 */
export function recommendPrecision(
  choices: readonly PrecisionChoice[],
  { usableBytes, fastEightBits }: PrecisionCircumstances,
): PrecisionRecommendation {
  const byExactness = PRECISIONS.flatMap(
    (precision) => choices.find((choice) => choice.precision === precision) ?? [],
  );
  const fitting = byExactness.filter(
    ({ memoryBytes }) => memoryBytes <= usableBytes * (1 - SPARE_SHARE),
  );
  const smallest = byExactness.reduce((least, one) =>
    one.memoryBytes < least.memoryBytes ? one : least,
  );
  if (fitting.length === 0) {
    const reasons = ['it is the smallest, and even that does not fit the memory: expect swapping'];
    return { precision: smallest.precision, reasons };
  }
  const measured = fitting.flatMap(({ precision, requestMs }) =>
    requestMs === null ? [] : [{ precision, requestMs }],
  );
  if (measured.length > 1) return byMeasurement(measured);
  return byRule(fitting, fastEightBits);
}

function byMeasurement(
  measured: readonly { readonly precision: Precision; readonly requestMs: number }[],
): PrecisionRecommendation {
  const fastestMs = Math.min(...measured.map(({ requestMs }) => requestMs));
  const chosen = measured.find(({ requestMs }) => requestMs <= fastestMs * (1 + NOISE));
  const precision = chosen?.precision ?? 'int8';
  const isFastest = chosen?.requestMs === fastestMs;
  const reason = isFastest
    ? 'it was the fastest of those that were measured and fit the memory'
    : 'it was as fast as any that was measured, and is the most exact of them';
  return { precision, reasons: [reason] };
}

function byRule(
  fitting: readonly PrecisionChoice[],
  fastEightBits: boolean | null,
): PrecisionRecommendation {
  const fits = (precision: Precision) => fitting.some((one) => one.precision === precision);
  const smallest = Math.min(...fitting.map(({ memoryBytes }) => memoryBytes));
  if (smallest < SMALL_MODEL_BYTES && fits('int8')) {
    return { precision: 'int8', reasons: ['the model is small, so that fewer bits save little'] };
  }
  const reading = 'four bits halve what every written token reads from memory';
  if (fits('mixed') && fastEightBits !== false) {
    const reasons = ['prompts are read fastest in eight bits', reading, 'both fit the memory'];
    return { precision: 'mixed', reasons };
  }
  if (fits('int4')) {
    const reasons = fits('mixed')
      ? [reading, 'this processor has no fast products of eight bits']
      : [reading, 'nothing larger fits the memory'];
    return { precision: 'int4', reasons };
  }
  const [mostExact] = fitting;
  return { precision: mostExact?.precision ?? 'int8', reasons: ['it fits the memory'] };
}
