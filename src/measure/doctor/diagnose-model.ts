import type { ModelCosts } from '../../engine/vision-language-engine.js';
import { type ModelManifest, type Precision, PRECISIONS } from '../../models/package/manifest.js';
import type { Calibration } from './calibration.js';
import { estimateMemory } from './estimate-request.js';
import { hasFastEightBits } from './instruction-sets.js';
import { type Machine, usableMemory } from './machine.js';
import type { MeasuredSpeed } from './measure-speed.js';
import { ordinaryRequestMs } from './ordinary-request.js';
import { projectCosts, projectWeights } from './project-weights.js';
import {
  type PrecisionChoice,
  type PrecisionRecommendation,
  recommendPrecision,
} from './recommend-precision.js';
import { recommendThreads, threadCounts } from './recommend-threads.js';

/** What the process says that loaded a package and timed it. */
export interface MeasuredPackage extends MeasuredSpeed {
  /** From the first byte that is verified to a loaded model. */
  readonly loadMs: number;
  /** Most resident memory of the process. */
  readonly peakBytes: number;
  readonly costs: ModelCosts;
}

/** A package of the model that is looked at. */
export interface PackageUnderTest {
  readonly directory: string;
  readonly manifest: ModelManifest;
}

export interface DiagnosisTask {
  /** Of one model, each in another precision; at least one. */
  readonly packages: readonly PackageUnderTest[];
  readonly machine: Machine;
  /** As configured; other numbers are tried beside it. */
  readonly threads: number;
  /** Loads and times a package in a process of its own. */
  readonly measure: (tested: PackageUnderTest, threads: number) => Promise<MeasuredPackage>;
}

export interface Diagnosis {
  readonly calibrations: readonly Calibration[];
  /** Precisions whose weights are larger than the memory. */
  readonly tooLarge: readonly Precision[];
  /** Null where no package could be measured. */
  readonly recommendation:
    (PrecisionRecommendation & { readonly threads: number; readonly isInstalled: boolean }) | null;
}

/**
 * Measures the packages of a model with the number of threads that is configured, and the recommended one with other
 * numbers as well. @throws what measuring throws.
 */
export async function diagnoseModel(task: DiagnosisTask): Promise<Diagnosis> {
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
      PRECISIONS.map((precision) => toChoice(precision, first, measurements)),
      {
        usableBytes,
        fastEightBits: machine.facts && hasFastEightBits(machine.facts.instructionSets),
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
    calibrations: measurements.map(({ calibration }) => calibration),
    tooLarge: tooLarge.map(({ manifest }) => manifest.precision),
    recommendation:
      recommended && base
        ? {
            ...recommended,
            threads: recommendThreads(measurements.filter(({ tested }) => tested === base.tested)),
            isInstalled: chosen !== undefined,
          }
        : null,
  };
}

interface Measurement {
  readonly tested: PackageUnderTest;
  readonly calibration: Calibration;
  readonly costs: ModelCosts;
  readonly threads: number;
  readonly requestMs: number;
}

async function measureOne(
  { machine, measure }: DiagnosisTask,
  tested: PackageUnderTest,
  threads: number,
): Promise<Measurement> {
  const measured = await measure(tested, threads);
  const { speed, longestPrompt, loadMs, peakBytes, costs } = measured;
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
  return { tested, calibration, costs, threads, requestMs: ordinaryRequestMs(model, calibration) };
}

/** The memory of a full context decides whether a precision fits, measured or projected from another one's package. */
function toChoice(
  precision: Precision,
  any: Measurement,
  measurements: readonly Measurement[],
): PrecisionChoice {
  const own = measurements.find(({ calibration }) => calibration.model.precision === precision);
  const { manifest } = (own ?? any).tested;
  const costs = own?.costs ?? projectCosts(manifest, precision);
  return {
    precision,
    memoryBytes: estimateMemory(manifest.decoder.maxPositions, costs, own?.calibration),
    requestMs: own?.requestMs ?? null,
  };
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
