import { freeBesideModel } from '../engine/memory-budget.js';
import type { ModelManifest } from '../model-store/manifest.js';

/** The rest is for requests that are being worked on, and for everything else on the machine. */
const SHARE_OF_FREE = 0.25;

/** Pictures that somebody comes back to are few: two dozen in a model of 2B, whose pictures take up to 200 MB. */
const MAX_CHOSEN_BYTES = 2_000_000_000;

/** Bytes to keep between requests where nobody says: a quarter of what is free beside the model's weights, 2 GB at most. */
export function chooseCacheBytes(
  manifest: Pick<ModelManifest, 'files'>,
  freeBytes?: number,
): number {
  const share = Math.floor(freeBesideModel(manifest, freeBytes) * SHARE_OF_FREE);
  return Math.min(share, MAX_CHOSEN_BYTES);
}
