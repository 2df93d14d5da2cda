import { createHash } from 'node:crypto';

import { MAX_SAMPLED_FRAMES } from '../config/limits.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import { type Detail, planTiles, type TileLayout, type TilePlan } from '../vision/plan-tiles.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { CachedFeatures } from './engine-caches.js';

/**
 * Names what a picture becomes when there is room for it as it is wished: by its bytes and all that decides its tiles. Room
 * is no part of it, since each question leaves another; one that was cut down for want of it has another name.
 */
export function imageKey(bytes: Uint8Array, layout: TileLayout, detail: Detail): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  // Among several a picture is one tile, whatever detail was asked for.
  return `image ${sha256} ${layout === 'square' ? layout : `${layout} ${detail}`}`;
}

/** Names what a clip becomes when there is room for all frames that are wished. */
export function videoKey(sha256: string, { mode, frames, range }: FrameSampling): string {
  const count = 'count' in frames ? frames.count : `${frames.perSecond}/s`;
  const stretch = range ? `${range.startSeconds} ${range.endSeconds}` : 'whole';
  return `video ${sha256} ${mode} ${count} ${stretch}`;
}

/** Whether a plan for one picture is what it would be with any room. */
export function isPlanUncut(
  { imageSize, detail, grid }: TilePlan,
  geometry: VisionGeometry,
): boolean {
  const wished = planTiles(imageSize, geometry, detail, Infinity).grid;
  return wished?.rows === grid?.rows && wished?.columns === grid?.columns;
}

/** Whether room for so many frames is enough for those of a clip, and for the same ones as any more. */
export function areFramesUncut(framesRequested: number, maxFrames: number): boolean {
  return Math.min(framesRequested, MAX_SAMPLED_FRAMES) <= maxFrames;
}

/** Whether a kept picture or clip, which is uncut, is what would become of it in this room. */
export function fitsInto(
  { report }: CachedFeatures,
  room: { readonly maxVisualTokens: number; readonly maxFrames: number },
): boolean {
  return report.kind === 'image'
    ? report.visualTokens <= room.maxVisualTokens
    : areFramesUncut(report.framesRequested, room.maxFrames);
}
