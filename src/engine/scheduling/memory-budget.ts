import type { ModelManifest } from '../../models/package/manifest.js';

/** Fraction of the free memory for active requests. The rest is for the caches and for other processes. */
const REQUEST_FRACTION = 0.5;

/** Fraction of the free memory for the prefix and feature caches. */
const CACHE_FRACTION = 0.25;

/** Two dozen cached images of a 2B model, at up to 200 MB each. */
const MAX_DEFAULT_CACHE_BYTES = 2_000_000_000;

/** Free memory minus the model's files, in bytes. The operating system may not have loaded them yet. */
function freeBesideModel(
  { files }: Pick<ModelManifest, 'files'>,
  freeBytes: number = process.availableMemory(),
): number {
  const modelBytes = Object.values(files).reduce((total, { bytes }) => total + bytes, 0);
  return Math.max(0, freeBytes - modelBytes);
}

/** Default of SALAMANDRA_MEMORY_MB, in bytes: half of the free memory that the weights leave. */
export function chooseMemoryBytes(
  manifest: Pick<ModelManifest, 'files'>,
  freeBytes?: number,
): number {
  return Math.floor(freeBesideModel(manifest, freeBytes) * REQUEST_FRACTION);
}

/** Default of SALAMANDRA_CACHE_MB, in bytes: a quarter of the free memory that the weights leave, at most 2 GB. */
export function chooseCacheBytes(
  manifest: Pick<ModelManifest, 'files'>,
  freeBytes?: number,
): number {
  const fraction = Math.floor(freeBesideModel(manifest, freeBytes) * CACHE_FRACTION);
  return Math.min(fraction, MAX_DEFAULT_CACHE_BYTES);
}
