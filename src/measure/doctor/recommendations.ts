import { countUsableCores } from '../../config/cpu-cores.js';
import type { Machine } from './machine.js';
import type { ServedPrecision } from './project-speed.js';

/** A precision of a model, with its cost. */
export interface PrecisionChoice {
  readonly precision: ServedPrecision;
  /** Peak memory of the process with the model, in bytes. */
  readonly memoryBytes: number;
  /** Milliseconds of a typical request; `null` if the precision was not measured on an idle machine. */
  readonly requestMs: number | null;
}

/**
 * The precisions that are recommended, by accuracy, highest first. fp32 is not among them: it is the reference of
 * `verify`, and takes four times the memory of int8.
 */
export const SERVED_PRECISIONS = ['int8', 'mixed', 'int4'] as const satisfies ServedPrecision[];

export interface MachineLimits {
  /** Memory that a model may take, in bytes. */
  readonly usableBytes: number;
  /** Whether the processor has int8 dot-product instructions; `null` if unknown. */
  readonly hasFastInt8: boolean | null;
}

export interface PrecisionRecommendation {
  readonly precision: ServedPrecision;
  /** Clauses for the user, without a full stop. */
  readonly reasons: readonly string[];
}

/** Relative time difference that counts as noise: the more exact precision, or fewer threads, wins. */
const NOISE = 0.1;
/** Below this, decoding is fast in any precision: int4 adds error and gains little. */
const SMALL_MODEL_BYTES = 500_000_000;
/** Share of the memory reserved for other processes. */
const SPARE_SHARE = 0.1;

/** Memory that a model may take beside other processes, in bytes. */
export function memoryForModel(usableBytes: number): number {
  return usableBytes * (1 - SPARE_SHARE);
}

/**
 * Recommends a precision that fits the memory: by measured time if at least two were measured, otherwise by rules about
 * model size and processor.
 *
 * @param choices at least one.
 */
export function recommendPrecision(
  choices: readonly PrecisionChoice[],
  { usableBytes, hasFastInt8 }: MachineLimits,
): PrecisionRecommendation {
  const byExactness = SERVED_PRECISIONS.flatMap(
    (precision) => choices.find((choice) => choice.precision === precision) ?? [],
  );
  const fitting = byExactness.filter(
    ({ memoryBytes }) => memoryBytes <= memoryForModel(usableBytes),
  );
  const smallest = byExactness.reduce((least, one) =>
    one.memoryBytes < least.memoryBytes ? one : least,
  );
  if (fitting.length === 0) {
    const reasons = ['the smallest precision, and it does not fit the memory: expect swapping'];
    return { precision: smallest.precision, reasons };
  }
  const measured = fitting.flatMap(({ precision, requestMs }) =>
    requestMs === null ? [] : [{ precision, requestMs }],
  );
  if (measured.length > 1) return byMeasurement(measured);
  return byRule(fitting, hasFastInt8);
}

function byMeasurement(
  measured: readonly { readonly precision: ServedPrecision; readonly requestMs: number }[],
): PrecisionRecommendation {
  const fastestMs = Math.min(...measured.map(({ requestMs }) => requestMs));
  const chosen = measured.find(({ requestMs }) => requestMs <= fastestMs * (1 + NOISE));
  const precision = chosen?.precision ?? 'int8';
  const isFastest = chosen?.requestMs === fastestMs;
  const reason = isFastest
    ? 'the fastest of the measured precisions that fit the memory'
    : 'as fast as the fastest measured precision (within 10 %), and more exact';
  return { precision, reasons: [reason] };
}

function byRule(
  fitting: readonly PrecisionChoice[],
  hasFastInt8: boolean | null,
): PrecisionRecommendation {
  const fits = (precision: ServedPrecision) => fitting.some((one) => one.precision === precision);
  const smallest = Math.min(...fitting.map(({ memoryBytes }) => memoryBytes));
  if (smallest < SMALL_MODEL_BYTES && fits('int8')) {
    return { precision: 'int8', reasons: ['the model is small: int4 would gain little'] };
  }
  const bandwidth = 'int4 weights halve the memory traffic of each decode step';
  if (fits('mixed') && hasFastInt8 !== false) {
    const reasons = [
      'int8 weights make prefill fastest',
      bandwidth,
      'both sets of weights fit the memory',
    ];
    return { precision: 'mixed', reasons };
  }
  if (fits('int4')) {
    const reasons = fits('mixed')
      ? [bandwidth, 'this processor has no int8 dot-product instructions']
      : [bandwidth, 'mixed does not fit the memory'];
    return { precision: 'int4', reasons };
  }
  const [mostExact] = fitting;
  return {
    precision: mostExact?.precision ?? 'int8',
    reasons: ['the most exact precision that fits the memory'],
  };
}

/** Numbers of threads to measure, ascending: physical cores, hardware threads, and the configured number. */
export function threadCounts(
  { logicalCores, coreLimit, facts }: Pick<Machine, 'logicalCores' | 'coreLimit' | 'facts'>,
  configured: number,
): number[] {
  const found = { logical: logicalCores, physical: facts?.physicalCores ?? null, limit: coreLimit };
  const cores = countUsableCores(found);
  const hyperThreads = countUsableCores({ ...found, physical: null });
  return [...new Set([cores, hyperThreads, configured])].sort((a, b) => a - b);
}

/** A number of threads, and the milliseconds of a typical request with it. */
export interface MeasuredThreads {
  readonly threads: number;
  readonly requestMs: number;
}

/** The smallest number of threads whose time is within NOISE of the fastest. @param measured at least one. */
export function recommendThreads(measured: readonly MeasuredThreads[]): number {
  const fastestMs = Math.min(...measured.map(({ requestMs }) => requestMs));
  const good = measured.filter(({ requestMs }) => requestMs <= fastestMs * (1 + NOISE));
  return Math.min(...good.map(({ threads }) => threads));
}
