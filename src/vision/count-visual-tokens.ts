import { layOutFeatures } from './feature-layout.js';
import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';

/**
 * Number of embeddings, and so of placeholder ids, that one picture becomes.
 *
 * With a grid: the base tile's patches, then the packed rows, each followed by one newline. Without: the base
 * tile's patches and one newline.
 */
export function countVisualTokens(
  size: Size,
  grid: TileGrid | null,
  geometry: VisionGeometry,
): number {
  const baseTokens = geometry.patchesPerSide ** 2;
  if (grid === null) return baseTokens + 1;
  const { packed } = layOutFeatures(size, grid, geometry);
  return baseTokens + packed.rows * (packed.columns + 1);
}

/** Number of embeddings that a clip becomes: the pooled patches of each frame and one newline at the very end. */
export function countVideoTokens(frames: number, geometry: VisionGeometry): number {
  return frames * countFrameTokens(geometry) + 1;
}

/** Number of embeddings of one frame, without the clip's newline. */
export function countFrameTokens({ patchesPerSide }: VisionGeometry): number {
  return pooledSide(patchesPerSide) ** 2;
}

/** Patches along one side of a pooled frame: half, an odd one rounded up. */
export function pooledSide(patchesPerSide: number): number {
  return Math.ceil(patchesPerSide / 2);
}
