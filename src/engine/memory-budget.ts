import type { ModelManifest } from '../model-store/manifest.js';

/** The rest is for everything else on the machine, and for what is kept between requests. */
const SHARE_OF_FREE = 0.5;

/** Bytes that requests may hold together: half of what is free beside the model's weights, which may not be read in yet. */
export function chooseMemoryBytes(
  { files }: Pick<ModelManifest, 'files'>,
  freeBytes: number = process.availableMemory(),
): number {
  const modelBytes = Object.values(files).reduce((total, { bytes }) => total + bytes, 0);
  return Math.max(0, Math.floor((freeBytes - modelBytes) * SHARE_OF_FREE));
}
