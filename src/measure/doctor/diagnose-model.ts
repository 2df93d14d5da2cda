import { GUARANTEED_CONTEXT_TOKENS } from '../../config/limits.js';
import type { ModelCosts } from '../../engine/vision-language-engine.js';
import type { ModelManifest, Precision } from '../../models/package/manifest.js';
import type { Calibration } from './calibration.js';
import { type Disturbance, isDisturbed } from './disturbance.js';
import { estimateMemory, typicalRequestMs } from './estimate.js';
import { projectCosts, projectWeights } from './model-bytes.js';
import { hasFastInt8, type Machine, usableMemory } from './machine.js';
import type { MeasuredSpeed } from './measure-speed.js';
import type { ServedPrecision } from './project-speed.js';
import {
  type PrecisionChoice,
  type PrecisionRecommendation,
  recommendPrecision,
  recommendThreads,
  SERVED_PRECISIONS,
  threadCounts,
} from './recommendations.js';

/** Measurements from the child process that loaded a package. */
export interface MeasuredPackage extends MeasuredSpeed {
  /** Verifying the files and loading the model, in milliseconds. */
  readonly loadMs: number;
  /** Peak resident memory (RSS) of the process. */
  readonly peakBytes: number;
  readonly costs: ModelCosts;
}

/** One package of the diagnosed model. */
export interface PackageUnderTest {
  readonly directory: string;
  readonly manifest: ModelManifest;
}

export interface DoctorTask {
  /** At least one: packages of one checkpoint, each in a different precision. */
  readonly packages: readonly PackageUnderTest[];
  readonly machine: Machine;
  /** The configured number; others are measured as well. */
  readonly threads: number;
  /** Loads and measures a package in a child process. */
  readonly measure: (tested: PackageUnderTest, threads: number) => Promise<MeasuredPackage>;
}

/** A calibration, and whether other programs disturbed it; then it is shown, but neither kept nor used. */
export interface MeasuredCalibration {
  readonly calibration: Calibration;
  readonly quality: 'steady' | 'disturbed';
  readonly disturbance: Disturbance;
}

export interface DoctorReport {
  readonly measured: readonly MeasuredCalibration[];
  /** Precisions whose weights do not fit the memory. They are not measured. */
  readonly tooLarge: readonly Precision[];
  /** `null` if no package fits the memory. */
  readonly recommendation:
    (PrecisionRecommendation & { readonly threads: number; readonly isInstalled: boolean }) | null;
}

/**
 * Measures every package of a model with the configured number of threads, and the recommended package also with other
 * numbers of threads. Disturbed measurements decide nothing: precision and threads then follow from rules.
 *
 * @throws the errors of `measure`.
 */
export async function diagnoseModel(task: DoctorTask): Promise<DoctorReport> {
  const { machine, threads } = task;
  const usableBytes = usableMemory(machine);
  const [fitting, tooLarge] = partition(
    task.packages,
    ({ manifest }) => projectWeights(manifest, manifest.precision) <= usableBytes,
  );
  const measurements: Measurement[] = [];
  for (const tested of fitting) measurements.push(await measureOne(task, tested, threads));

  const [first] = measurements;
  const recommended =
    first &&
    recommendPrecision(
      SERVED_PRECISIONS.map((precision) => toChoice(precision, first, measurements)),
      {
        usableBytes,
        hasFastInt8: machine.facts && hasFastInt8(machine.facts.instructionSets),
      },
    );
  const isOf = ({ calibration }: Measurement) =>
    calibration.model.precision === recommended?.precision;
  const chosen = measurements.find(isOf);
  const base = chosen ?? first;
  for (const count of threadCounts(machine, threads)) {
    if (base && count !== threads) measurements.push(await measureOne(task, base.tested, count));
  }
  return {
    measured: measurements,
    tooLarge: tooLarge.map(({ manifest }) => manifest.precision),
    recommendation:
      recommended && base
        ? {
            ...recommended,
            threads: chooseThreads(measurements, base, threads),
            isInstalled: chosen !== undefined,
          }
        : null,
  };
}

interface Measurement extends MeasuredCalibration {
  readonly tested: PackageUnderTest;
  readonly costs: ModelCosts;
  readonly threads: number;
  readonly requestMs: number;
}

async function measureOne(
  { machine, measure }: DoctorTask,
  tested: PackageUnderTest,
  threads: number,
): Promise<Measurement> {
  const measured = await measure(tested, threads);
  const { speed, longestPrompt, loadMs, peakBytes, costs, disturbance } = measured;
  const { id, source, precision, decoder } = tested.manifest;
  const calibration: Calibration = {
    processor: machine.processor,
    threads,
    model: { id, revision: source.revision, precision },
    measuredAt: new Date().toISOString(),
    loadMs,
    speed,
    peak: { bytes: peakBytes, positions: longestPrompt },
  };
  const model = { ...costs, contextLength: decoder.maxPositions };
  const requestMs = typicalRequestMs(model, calibration);
  const quality = isDisturbed(disturbance, threads) ? 'disturbed' : 'steady';
  return { tested, calibration, quality, disturbance, costs, threads, requestMs };
}

/** The configured number if no number was measured without disturbance. */
function chooseThreads(
  measurements: readonly Measurement[],
  { tested }: Measurement,
  configured: number,
): number {
  const steady = measurements.filter((one) => one.tested === tested && one.quality === 'steady');
  return steady.length === 0 ? configured : recommendThreads(steady);
}

/**
 * Memory is that of a full context, or one of GUARANTEED_CONTEXT_TOKENS: from the calibration, or projected from the
 * package of another precision.
 */
function toChoice(
  precision: ServedPrecision,
  fallback: Measurement,
  measurements: readonly Measurement[],
): PrecisionChoice {
  const own = measurements.find(({ calibration }) => calibration.model.precision === precision);
  const { manifest } = (own ?? fallback).tested;
  const costs = own?.costs ?? projectCosts(manifest, precision);
  const positions = Math.min(manifest.decoder.maxPositions, GUARANTEED_CONTEXT_TOKENS);
  return {
    precision,
    memoryBytes: estimateMemory(positions, costs, own?.calibration),
    requestMs: own?.quality === 'steady' ? own.requestMs : null,
  };
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
