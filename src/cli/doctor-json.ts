import { MAX_TILES_PER_RUN } from '../config/limits.js';
import { offeredLanguages } from '../language/languages.js';
import type { DoctorReport, MeasuredCalibration } from '../measure/doctor/diagnose-model.js';
import type { Machine } from '../measure/doctor/machine.js';
import { predictMs } from '../measure/doctor/speed-model.js';
import type { ModelEstimate } from '../measure/doctor/survey-models.js';
import { countParameters } from '../models/package/known-models.js';
import type { CheckedPackage, Survey } from './doctor-report.js';

/** Everything that `doctor` finds out. */
export interface Diagnosis {
  readonly machine: Machine;
  readonly installed: readonly CheckedPackage[];
  readonly report: DoctorReport;
  readonly survey: Survey;
}

/** Tokens in the context at which speeds are reported, as in the text. */
const SPEED_POSITION = 256;

/** The output of `doctor --json`. */
export function doctorJson({ machine, installed, report, survey }: Diagnosis): object {
  const { recommendation } = report;
  return {
    machine: machineJson(machine),
    installed: installed.map(({ id, part, bytes, condition }) => ({
      ...{ id, precision: part, bytes, condition },
    })),
    measured: report.measured.map(measuredJson),
    settings: recommendation && {
      precision: recommendation.precision,
      threads: recommendation.threads,
      reasons: recommendation.reasons,
    },
    models: survey.estimates.map(estimateJson),
    estimates: survey.quality,
    recommended_model: survey.recommended?.model.name ?? null,
  };
}

function machineJson({ processor, load, logicalCores, coreLimit, facts, ...rest }: Machine) {
  const { memory, diskFree, ffmpeg, programs, canCapDecoders } = rest;
  return {
    processor,
    load,
    logical_cores: logicalCores,
    physical_cores: facts?.physicalCores ?? null,
    core_limit: coreLimit,
    instruction_sets: facts?.instructionSets ?? null,
    memory_bytes: memory.total,
    memory_limit_bytes: memory.limit,
    memory_available_bytes: memory.available,
    disk_free_bytes: diskFree,
    has_ffmpeg: ffmpeg !== null,
    programs: Object.fromEntries(programs.map(({ name, path }) => [name, path !== null])),
    has_decoder_limits: canCapDecoders,
  };
}

function measuredJson({ calibration, quality, disturbance }: MeasuredCalibration): object {
  const { model, threads, loadMs, speed, peak } = calibration;
  const { vision, prefill, step } = speed;
  return {
    ...{ model: model.id, precision: model.precision, threads, quality },
    slowdown: disturbance.slowdown,
    other_cores: disturbance.otherCores,
    load_ms: loadMs,
    tile_ms: vision && predictMs(vision.encoding, MAX_TILES_PER_RUN) / MAX_TILES_PER_RUN,
    prefill_tokens_per_second: (1000 * SPEED_POSITION) / predictMs(prefill, SPEED_POSITION),
    decode_tokens_per_second: 1000 / predictMs(step, SPEED_POSITION),
    peak_bytes: peak.bytes,
  };
}

function estimateJson(estimate: ModelEstimate): object {
  const { model, installed, precision, fit, speed } = estimate;
  const { name, repository, use, layout, licence, access, shapeSource } = model;
  return {
    ...{ name, repository, use, layout, licence, access, installed, precision, fit },
    parameters: countParameters(model.shape),
    languages: offeredLanguages(model.languages),
    sizes: shapeSource,
    disk_bytes: estimate.packageBytes,
    download_bytes: estimate.downloadBytes,
    memory_bytes: estimate.memoryBytes,
    seconds_per_picture: speed?.secondsPerPicture ?? null,
    tokens_per_second: speed?.tokensPerSecond ?? null,
    speed: speed?.source ?? null,
  };
}
