import { MAX_SAMPLED_FRAMES } from '../config/limits.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import { type Detail, planTiles, type TileLayout, type TilePlan } from '../vision/plan-tiles.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { CachedFeatures } from './tiered-cache.js';

/**
 * Key of an image at full detail: its content hash, the requested page and the options that decide its tiles. The
 * visual token budget is not part of the key, because it differs between questions. An image that the budget reduced
 * gets another key.
 */
export function imageKey(
  sha256: string,
  layout: TileLayout,
  detail: Detail,
  page?: number,
): string {
  const picture = page === undefined ? sha256 : `${sha256} page ${page}`;
  // A single tile is the same at any detail.
  return `image ${picture} ${layout === 'anyres' ? `${layout} ${detail}` : layout}`;
}

/** Key of a video with all requested frames. */
export function videoKey(sha256: string, { mode, frames, range }: FrameSampling): string {
  const count = 'count' in frames ? frames.count : `${frames.perSecond}/s`;
  const timeRange = range ? `${range.startSeconds} ${range.endSeconds}` : 'whole';
  return `video ${sha256} ${mode} ${count} ${timeRange}`;
}

/** Whether the budget left a tile plan at its full detail. */
export function isFullDetail(
  { imageSize, detail, grid }: TilePlan,
  geometry: VisionGeometry,
): boolean {
  const full = planTiles(imageSize, geometry, detail, Infinity).grid;
  return full?.rows === grid?.rows && full?.columns === grid?.columns;
}

/** Whether `maxFrames` leaves the sampled frames the same as without a limit. */
export function isFullSampling(framesRequested: number, maxFrames: number): boolean {
  return Math.min(framesRequested, MAX_SAMPLED_FRAMES) <= maxFrames;
}

/** Whether this budget permits full detail, so that the cached features (always full detail) can be used. */
export function fitsBudget(
  { report }: Pick<CachedFeatures, 'report'>,
  budget: { readonly maxVisualTokens: number; readonly maxFrames: number },
): boolean {
  return report.kind === 'image'
    ? report.visualTokens <= budget.maxVisualTokens
    : isFullSampling(report.framesRequested, budget.maxFrames);
}
