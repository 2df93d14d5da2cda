import type { Size } from './vision-geometry.js';

/**
 * Chooses the canvas on which a picture keeps most of its pixels and, among equals, wastes least. The first
 * of equal pinpoints wins, so their order matters. A picture so thin that its short side is truncated to 0
 * everywhere keeps nothing on any canvas and gets the smallest.
 *
 * Same choice as `select_best_resolution` of Hugging Face transformers (image_processing_utils.py).
 *
 * @returns null only for an empty list.
 */
export function selectBestResolution<P extends Size>(
  size: Size,
  pinpoints: readonly P[],
): P | null {
  let best: P | null = null;
  let bestEffective = 0;
  let bestWasted = Infinity;

  for (const pinpoint of pinpoints) {
    const scale = Math.min(pinpoint.width / size.width, pinpoint.height / size.height);
    const downscaled = Math.trunc(size.width * scale) * Math.trunc(size.height * scale);
    // Enlarging earns nothing: no canvas keeps more pixels than the picture has.
    const effective = Math.min(downscaled, size.width * size.height);
    const wasted = pinpoint.width * pinpoint.height - effective;
    if (effective > bestEffective || (effective === bestEffective && wasted < bestWasted)) {
      best = pinpoint;
      bestEffective = effective;
      bestWasted = wasted;
    }
  }
  return best;
}
