import { MAX_SAMPLED_FRAMES, MAX_SEQUENCES } from '../../config/limits.js';
import type { ModelCosts } from '../../engine/vision-language-engine.js';
import { minVisualTokens, shareFrames } from '../../engine/visual-token-budget.js';
import { countFrameTokens, countVideoTokens } from '../../vision/count-visual-tokens.js';
import { chooseTileLayout, type Detail, planTiles } from '../../vision/plan-tiles.js';
import type { Size, TileGrid, VisionGeometry } from '../../vision/vision-geometry.js';
import type { Calibration } from './calibration.js';
import { predictMs, type SpeedModel } from './speed-model.js';

/** An image or a video before it is decoded. */
export type MediaOutline =
  | ({ readonly kind: 'image' } & Size)
  /** `framesRequested` is at least 1. */
  | { readonly kind: 'video'; readonly framesRequested: number };

export interface PlannedRequest {
  readonly media: readonly MediaOutline[];
  readonly detail: Detail;
  /** Number of texts about the same media, decoded as one batch. */
  readonly texts: number;
  /** Limit for each text. */
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
  /** Runs of the vision encoder: tiles of images and frames of videos. */
  readonly tiles: number;
  readonly visualTokens: number;
  /** Text and visual tokens of one prompt. */
  readonly promptTokens: number;
  /** Whether prompt and answer fit the model's context. */
  readonly fits: boolean;
  /** `null` if the model was not calibrated on this machine. */
  readonly timings: EstimatedTimings | null;
  /** Peak memory of the process with the model. */
  readonly memoryBytes: number;
}

/** Milliseconds, for answers of `maxTokens`. Media decoding is not included: it depends on the content of the files. */
export interface EstimatedTimings {
  /** Resizing images and splitting them into tiles. */
  readonly tileMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** Memory of a process without a model, measured. */
const EMPTY_PROCESS_BYTES = 120_000_000;

/**
 * Estimates time and memory of a request with the engine's own planning functions. Media that exceed the context even
 * at the lowest detail are counted at the lowest detail.
 *
 * @param model must have a vision encoder if the request has media.
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
          ...estimateVision(request.media, media, calibration.speed),
          ...estimateDecoder(request, promptTokens, instructionTokens, calibration.speed),
        }
      : null,
    memoryBytes: estimateMemory(countPositions(request, visualTokens, model), model, calibration),
  };
}

/** Follows the engine: first the frames of videos, then the tiles of images. */
function planMedia(
  { media, detail }: PlannedRequest,
  geometry: VisionGeometry,
  budget: number,
): MediaEstimate[] {
  let spareTokens = Math.max(0, budget - minVisualTokens(media, { geometry }));
  const videos = media.filter((one) => one.kind === 'video');
  const requested = videos.map(({ framesRequested }) =>
    Math.min(framesRequested, MAX_SAMPLED_FRAMES),
  );
  const frameTokens = countFrameTokens(geometry);
  const shares = shareFrames(requested, spareTokens, frameTokens);
  spareTokens -= sum(shares.map((frames) => (frames - 1) * frameTokens));
  const leastTokens = minVisualTokens([{ kind: 'image' }], { geometry });
  let images = media.filter(({ kind }) => kind === 'image').length;
  const imageDetail = chooseTileLayout(images, geometry) === 'anyres' ? detail : 'low';
  return media.map((one): MediaEstimate => {
    if (one.kind === 'video') {
      const frames = shares[videos.indexOf(one)] ?? 1;
      return { kind: 'video', frames, visualTokens: countVideoTokens(frames, geometry) };
    }
    const share = Math.floor(spareTokens / images);
    const plan = planTiles(one, geometry, imageDetail, leastTokens + share);
    images -= 1;
    spareTokens -= plan.visualTokens - leastTokens;
    return { kind: 'image', tiles: plan.tiles, grid: plan.grid, visualTokens: plan.visualTokens };
  });
}

function estimateVision(
  outlines: readonly MediaOutline[],
  media: readonly MediaEstimate[],
  { vision }: SpeedModel,
): Pick<EstimatedTimings, 'tileMs' | 'encodeMs'> {
  if (!vision) return { tileMs: 0, encodeMs: 0 };
  const { tiling, encoding } = vision;
  const cut = outlines.map((one) =>
    one.kind === 'image' ? predictMs(tiling, (one.width * one.height) / 1e6) : 0,
  );
  const encoded = media.map((one) => predictMs(encoding, countRuns(one)));
  return { tileMs: sum(cut), encodeMs: sum(encoded) };
}

/**
 * The first text prefills the whole prompt. Each further text prefills only its instruction after the shared prefix.
 */
function estimateDecoder(
  { texts, maxTokens }: PlannedRequest,
  promptTokens: number,
  instructionTokens: number,
  { prefill, step, extraSequenceShare }: SpeedModel,
): Pick<EstimatedTimings, 'prefillMs' | 'decodeMs'> {
  const instructionMs =
    predictMs(prefill, promptTokens) - predictMs(prefill, promptTokens - instructionTokens);
  const batches = Math.ceil(texts / MAX_SEQUENCES);
  const stepsAtOnce = batches + (texts - batches) * extraSequenceShare;
  return {
    prefillMs: predictMs(prefill, promptTokens) + (texts - 1) * (prefill.fixed + instructionMs),
    decodeMs: stepsAtOnce * maxTokens * predictMs(step, promptTokens + maxTokens / 2),
  };
}

/** Peak number of positions in the KV cache. Several texts share the prefix with the media, as in the engine. */
function countPositions(
  { texts, maxTokens }: PlannedRequest,
  visualTokens: number,
  { instructionTokens }: Pick<ModelCosts, 'instructionTokens'>,
): number {
  const own = Math.min(texts, MAX_SEQUENCES) * (instructionTokens + maxTokens);
  // The prefix exists twice while it is copied for the further texts.
  return own + (texts > 1 ? 2 : 1) * visualTokens;
}

/** Peak memory in bytes of the process with the model, for a number of positions in the KV cache. */
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

/** The typical request: a caption of a photograph, or for text-only models an answer about one page of text. */
const PHOTOGRAPH = { kind: 'image', width: 1600, height: 1200 } as const;
const PAGE_TOKENS = 600;
const ANSWER_TOKENS = 64;

/** Milliseconds of a typical request, by which precisions and numbers of threads are compared. */
export function typicalRequestMs(
  model: ModelCosts & { readonly contextLength: number },
  calibration: Calibration,
): number {
  const media = model.geometry ? [PHOTOGRAPH] : [];
  const instructionTokens = model.geometry
    ? model.instructionTokens
    : Math.min(PAGE_TOKENS, model.contextLength / 2);
  const request = { media, detail: 'auto' as const, texts: 1, maxTokens: ANSWER_TOKENS };
  const { timings } = estimateRequest(request, { ...model, instructionTokens }, calibration);
  if (!timings) throw new Error('The estimate has no timings.');
  // `tileMs` is left out: it is the same in every precision.
  return timings.encodeMs + timings.prefillMs + timings.decodeMs;
}
