import type { ModelManifest } from '../model-store/manifest.js';

/** The rest is for everything else on the machine, and for what is kept between requests. */
const SHARE_OF_FREE = 0.5;

/** Bytes of memory that a model leaves, whose weights may not be read in yet. */
export function freeBesideModel(
  { files }: Pick<ModelManifest, 'files'>,
  freeBytes: number = process.availableMemory(),
): number {
  const modelBytes = Object.values(files).reduce((total, { bytes }) => total + bytes, 0);
  return Math.max(0, freeBytes - modelBytes);
}

/** Bytes that requests may hold together: half of what is free beside the model. */
export function chooseMemoryBytes(
  manifest: Pick<ModelManifest, 'files'>,
  freeBytes?: number,
): number {
  return Math.floor(freeBesideModel(manifest, freeBytes) * SHARE_OF_FREE);
}
