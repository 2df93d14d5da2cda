import type { KnownModel } from '../../models/package/known-models.js';
import type { Calibration } from './calibration.js';
import type { Precision } from '../../models/package/manifest.js';
import { estimateMemory } from './estimate.js';
import { hasFastInt8, type Machine, usableMemory } from './machine.js';
import { modelFootprint } from './model-bytes.js';
import { type ProbeSpeed, projectSpeed, type ServedPrecision } from './project-speed.js';
import { memoryForModel, recommendPrecision, SERVED_PRECISIONS } from './recommendations.js';
import { predictMs, type SpeedModel } from './speed-model.js';

/** Tokens of a caption, and of the instruction that asks for it. */
export const CAPTION_TOKENS = 40;
const INSTRUCTION_TOKENS = 40;
/** Tokens of the prompt of a text-only model, at which its speed and memory are estimated. */
const TEXT_TOKENS = 1_000;
/** Activations of prefill chunks and tiles, measured with layers of 2,048 and tiles of 384 pixels. */
const WORK_BYTES = 300_000_000;
/** The photograph of `VisionShape.photograph`: 1600 x 1200 pixels. */
const PHOTOGRAPH_MEGAPIXELS = 1.92;

export interface Survey {
  readonly models: readonly KnownModel[];
  readonly machine: Machine;
  /** `null` if the speed of the machine could not be measured. */
  readonly probe: ProbeSpeed | null;
  /** Precisions in which a model is installed. */
  readonly installedAs: (model: KnownModel) => readonly Precision[];
  /** The measured speed of an installed package. */
  readonly findCalibration: (
    model: KnownModel,
    precision: ServedPrecision,
  ) => Pick<Calibration, 'speed' | 'peak'> | undefined;
}

/** Whether a model can run here, and if not, what it has too little of. */
type Fit = 'fits' | 'too little memory' | 'too little disk space';

/** What a model needs and how fast it is on this machine, in the recommended precision. */
export interface ModelEstimate {
  readonly model: KnownModel;
  readonly installed: readonly Precision[];
  readonly precision: ServedPrecision;
  readonly packageBytes: number;
  readonly downloadBytes: number;
  /** Peak memory of the process that captions a photograph. */
  readonly memoryBytes: number;
  readonly fit: Fit;
  /** `null` if the speed of the machine is not known. */
  readonly speed: {
    /** Seconds from a decoded photograph to its caption; null for a text-only model. */
    readonly secondsPerPicture: number | null;
    readonly tokensPerSecond: number;
    readonly source: 'measured' | 'projected';
  } | null;
}

/** Estimates every model on a machine, also those that are not installed. */
export function surveyModels(survey: Survey): ModelEstimate[] {
  return survey.models.map((model) => estimateModel(model, survey));
}

function estimateModel(
  model: KnownModel,
  { machine, probe, installedAs, findCalibration }: Survey,
): ModelEstimate {
  const { shape } = model;
  const promptTokens = shape.vision
    ? shape.vision.photograph.visualTokens + INSTRUCTION_TOKENS
    : TEXT_TOKENS;
  const memoryOf = (precision: ServedPrecision, calibration?: Pick<Calibration, 'peak'>) => {
    const { weightBytes, cacheBytesPerToken } = modelFootprint(shape, precision);
    const costs = { weightBytes: weightBytes + WORK_BYTES, cacheBytesPerToken };
    return estimateMemory(promptTokens + CAPTION_TOKENS, costs, calibration);
  };
  const usableBytes = usableMemory(machine);
  const { precision } = recommendPrecision(
    SERVED_PRECISIONS.map((one) => ({
      ...{ precision: one, memoryBytes: memoryOf(one), requestMs: null },
    })),
    { usableBytes, hasFastInt8: machine.facts && hasFastInt8(machine.facts.instructionSets) },
  );
  const { packageBytes, downloadBytes, pullBytes } = modelFootprint(shape, precision);
  const installed = installedAs(model);
  const calibration = findCalibration(model, precision);
  const memoryBytes = memoryOf(precision, calibration);
  const speed = calibration?.speed ?? (probe && projectSpeed(probe, shape, precision));
  return {
    ...{ model, installed, precision, packageBytes, downloadBytes, memoryBytes },
    fit: chooseFit(
      { memoryBytes, diskBytes: installed.length > 0 ? 0 : pullBytes },
      { memoryBytes: memoryForModel(usableBytes), diskBytes: machine.diskFree },
    ),
    speed: speed && {
      secondsPerPicture: shape.vision && secondsPerPicture(speed, shape.vision.photograph),
      tokensPerSecond: 1000 / predictMs(speed.step, promptTokens + CAPTION_TOKENS / 2),
      source: calibration ? 'measured' : 'projected',
    },
  };
}

interface Space {
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

function chooseFit(needed: Space, available: Space): Fit {
  if (needed.memoryBytes > available.memoryBytes) return 'too little memory';
  return needed.diskBytes > available.diskBytes ? 'too little disk space' : 'fits';
}

function secondsPerPicture(
  { vision, prefill, step }: SpeedModel,
  { tiles, visualTokens }: { readonly tiles: number; readonly visualTokens: number },
): number | null {
  if (!vision) return null;
  const promptTokens = visualTokens + INSTRUCTION_TOKENS;
  const ms =
    predictMs(vision.tiling, PHOTOGRAPH_MEGAPIXELS) +
    predictMs(vision.encoding, tiles) +
    predictMs(prefill, promptTokens) +
    CAPTION_TOKENS * predictMs(step, promptTokens + CAPTION_TOKENS / 2);
  return ms / 1000;
}
