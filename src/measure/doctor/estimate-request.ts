import { MAX_SAMPLED_FRAMES, MAX_SEQUENCES } from '../../config/limits.js';
import type { ModelCosts } from '../../engine/vision-language-engine.js';
import { minVisualTokens, shareFrames } from '../../engine/visual-token-budget.js';
import { countFrameTokens, countVideoTokens } from '../../vision/count-visual-tokens.js';
import { type Detail, planTiles } from '../../vision/plan-tiles.js';
import type { Size, TileGrid, VisionGeometry } from '../../vision/vision-geometry.js';
import type { Calibration } from './calibration.js';
import { predictMs, type SpeedModel } from './speed-model.js';

/** What is known of a picture or a clip before it is decoded. */
export type MediaOutline =
  | ({ readonly kind: 'image' } & Size)
  /** `framesRequested` is at least 1. */
  | { readonly kind: 'video'; readonly framesRequested: number };

export interface PlannedRequest {
  readonly media: readonly MediaOutline[];
  readonly detail: Detail;
  /** How many texts are written about the same media, side by side. */
  readonly texts: number;
  /** Of each text. */
  readonly maxTokens: number;
}

export type MediaEstimate =
  | {
      readonly kind: 'image';
      readonly tiles: number;
      readonly grid: TileGrid | null;
      readonly visualTokens: number;
    }
  | { readonly kind: 'video'; readonly frames: number; readonly visualTokens: number };

export interface RequestEstimate {
  readonly media: readonly MediaEstimate[];
  /** Runs of the vision encoder: tiles of pictures and frames of clips. */
  readonly tiles: number;
  readonly visualTokens: number;
  /** Text, pictures and clips of one prompt. */
  readonly promptTokens: number;
  /** Whether prompt and answer fit the context of the model. */
  readonly fits: boolean;
  /** Null where the model was not calibrated on this machine. */
  readonly timings: EstimatedTimings | null;
  /** Of the process that holds the model, at its most. */
  readonly memoryBytes: number;
}

/** Milliseconds, with answers of the full length. Decoding files and clips is not part of it: it depends on what they hold. */
export interface EstimatedTimings {
  /** Cutting pictures into tiles. */
  readonly tileMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly generateMs: number;
}

/** What a process takes before it holds a model; measured. */
const EMPTY_PROCESS_BYTES = 120_000_000;

/**
 * What a request will take, by the same arithmetic that the engine plans it with. Media that do not fit even at the lowest
 * detail are counted at it.
 *
 * @param model of a model that sees, where there are media.
 */
export function estimateRequest(
  request: PlannedRequest,
  model: ModelCosts & { readonly contextLength: number },
  calibration: Calibration | undefined,
): RequestEstimate {
  const { geometry, contextLength, instructionTokens } = model;
  const budget = contextLength - instructionTokens - request.maxTokens;
  const media = geometry ? planMedia(request, geometry, budget) : [];
  const visualTokens = sum(media.map((one) => one.visualTokens));
  const promptTokens = instructionTokens + visualTokens;
  return {
    media,
    tiles: sum(media.map(countRuns)),
    visualTokens,
    promptTokens,
    fits: visualTokens <= budget,
    timings: calibration
      ? {
          ...estimateSight(request.media, media, calibration.speed),
          ...estimateText(request, promptTokens, instructionTokens, calibration.speed),
        }
      : null,
    memoryBytes: estimateMemory(countPositions(request, visualTokens, model), model, calibration),
  };
}

/** As the engine does: frames of clips first, then the detail of one picture; several pictures are one tile each. */
function planMedia(
  { media, detail }: PlannedRequest,
  geometry: VisionGeometry,
  budget: number,
): MediaEstimate[] {
  let spare = Math.max(0, budget - minVisualTokens(media, { geometry }));
  const clips = media.filter((one) => one.kind === 'video');
  const wishes = clips.map(({ framesRequested }) => Math.min(framesRequested, MAX_SAMPLED_FRAMES));
  const frameTokens = countFrameTokens(geometry);
  const shares = shareFrames(wishes, spare, frameTokens);
  spare -= sum(shares.map((frames) => (frames - 1) * frameTokens));
  const leastTokens = minVisualTokens([{ kind: 'image' }], { geometry });
  const isOnly = media.filter(({ kind }) => kind === 'image').length === 1;
  return media.map((one): MediaEstimate => {
    if (one.kind === 'video') {
      const frames = shares[clips.indexOf(one)] ?? 1;
      return { kind: 'video', frames, visualTokens: countVideoTokens(frames, geometry) };
    }
    const plan = planTiles(one, geometry, isOnly ? detail : 'low', spare + leastTokens);
    return { kind: 'image', tiles: plan.tiles, grid: plan.grid, visualTokens: plan.visualTokens };
  });
}

function estimateSight(
  outlines: readonly MediaOutline[],
  media: readonly MediaEstimate[],
  { vision }: SpeedModel,
): Pick<EstimatedTimings, 'tileMs' | 'encodeMs'> {
  if (!vision) return { tileMs: 0, encodeMs: 0 };
  const { cutting, encoding } = vision;
  const cut = outlines.map((one) =>
    one.kind === 'image' ? predictMs(cutting, (one.width * one.height) / 1e6) : 0,
  );
  const encoded = media.map((one) => predictMs(encoding, countRuns(one)));
  return { tileMs: sum(cut), encodeMs: sum(encoded) };
}

/** The first text reads the whole prompt; each further one reads its own instruction after the same media. */
function estimateText(
  { texts, maxTokens }: PlannedRequest,
  promptTokens: number,
  instructionTokens: number,
  { prefill, step, further }: SpeedModel,
): Pick<EstimatedTimings, 'prefillMs' | 'generateMs'> {
  const furtherMs =
    predictMs(prefill, promptTokens) - predictMs(prefill, promptTokens - instructionTokens);
  const batches = Math.ceil(texts / MAX_SEQUENCES);
  const stepsAtOnce = batches + (texts - batches) * further;
  return {
    prefillMs: predictMs(prefill, promptTokens) + (texts - 1) * (prefill.fixed + furtherMs),
    generateMs: stepsAtOnce * maxTokens * predictMs(step, promptTokens + maxTokens / 2),
  };
}

/** Positions in the cache at most, as `bytesTogether` of the engine counts them: several texts share what they begin with. */
function countPositions(
  { texts, maxTokens }: PlannedRequest,
  visualTokens: number,
  { instructionTokens }: Pick<ModelCosts, 'instructionTokens'>,
): number {
  const own = Math.min(texts, MAX_SEQUENCES) * (instructionTokens + maxTokens);
  // While the beginning is copied for the texts behind it, it is there twice.
  return own + (texts > 1 ? 2 : 1) * visualTokens;
}

/** Bytes of the process that holds a model, at its most, with so many positions in its cache. */
export function estimateMemory(
  positions: number,
  { weightBytes, cacheBytesPerToken }: Pick<ModelCosts, 'weightBytes' | 'cacheBytesPerToken'>,
  calibration: Pick<Calibration, 'peak'> | undefined,
): number {
  if (!calibration) return EMPTY_PROCESS_BYTES + weightBytes + cacheBytesPerToken * positions;
  const { peak } = calibration;
  return peak.bytes + cacheBytesPerToken * Math.max(0, positions - peak.positions);
}

function countRuns(media: MediaEstimate): number {
  return media.kind === 'image' ? media.tiles : media.frames;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
