import { SalamandraError } from '../errors/salamandra-error.js';
import { countVisualTokens } from './count-visual-tokens.js';
import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';

/** Resolution: `low` is the base tile only, `auto` adds up to AUTO_TILES tiles, `high` as many as the model allows. */
export const DETAILS = ['low', 'auto', 'high'] as const;

export type Detail = (typeof DETAILS)[number];

/**
 * `anyres`: base tile plus a grid of tiles. `square`: one tile of the image padded to a square. `single-tile`: the only
 * tile of a layout without grids.
 */
export type TileLayout = 'anyres' | 'square' | 'single-tile';

/**
 * The tile layout of every image in a request with this number of images, as Hugging Face's processors choose it:
 * LLaVA-OneVision splits a single image and pads several ones, LLaVA-NeXT splits each.
 */
export function chooseTileLayout(images: number, { layout }: VisionGeometry): TileLayout {
  if (layout.kind === 'single-tile') return 'single-tile';
  return images > 1 && layout.severalImagesColor ? 'square' : 'anyres';
}

export interface TilePlan {
  /** Size of the decoded, upright image in pixels. */
  readonly imageSize: { readonly width: number; readonly height: number };
  /** The requested detail. The token budget may have reduced the grid. */
  readonly detail: Detail;
  /** `null` for the base tile only. */
  readonly grid: TileGrid | null;
  /** Number of tiles to encode, base tile included. */
  readonly tiles: number;
  readonly visualTokens: number;
}

/** Largest grid for `auto`: enough for a photograph, in a seventh of the time of 36 tiles. */
const AUTO_TILES = 4;

/**
 * Plans the tiles of an image from its size alone.
 *
 * `high` considers all grid pinpoints (anyres), as `LlavaOnevisionImageProcessor` and `LlavaNextImageProcessor` of
 * Hugging Face transformers do. A layout without grids has the same plan at every detail. While the
 * visual tokens exceed the budget, the grids with the most tiles are dropped, down to the base tile.
 *
 * @param maxVisualTokens token budget of this image
 * @throws INVALID_PARAMETER for a size below 1 × 1 pixel
 * @throws CONTEXT_LENGTH_EXCEEDED if the base tile exceeds the budget
 */
export function planTiles(
  size: Size,
  geometry: VisionGeometry,
  detail: Detail,
  maxVisualTokens: number,
): TilePlan {
  checkSize(size);
  let pinpoints = pinpointGrids(geometry).filter(({ tiles }) => tiles <= maxGridTiles(detail));

  for (;;) {
    const grid = selectBestResolution(size, pinpoints);
    const plan = createPlan(size, geometry, detail, grid);
    if (plan.visualTokens <= maxVisualTokens) return plan;
    if (grid === null) throw contextLengthExceeded(plan.visualTokens, maxVisualTokens);
    pinpoints = pinpoints.filter(({ tiles }) => tiles < grid.tiles);
  }
}

/** Upper bound on the visual tokens of an image at this detail, for any image size. */
export function boundVisualTokens(detail: Detail, geometry: VisionGeometry): number {
  const { patchesPerSide, featuresPerTile, layout } = geometry;
  if (layout.kind === 'single-tile') return featuresPerTile;
  const grids = pinpointGrids(geometry).filter(({ tiles }) => tiles <= maxGridTiles(detail));
  // The patches of all tiles and one newline per row. Unpadding and shrinking only reduce them.
  const bounds = grids.map(({ tiles, rows }) => tiles * featuresPerTile + rows * patchesPerSide);
  return featuresPerTile + Math.max(1, ...bounds);
}

/** A pinpoint in pixels and in tiles. */
interface PinpointGrid extends Size, TileGrid {
  readonly tiles: number;
}

function pinpointGrids({ layout, imageProcessor: { tileSize } }: VisionGeometry): PinpointGrid[] {
  if (layout.kind === 'single-tile') return [];
  return layout.imageGridPinpoints.map(({ width, height }) => {
    // The manifest check guarantees whole tiles.
    const rows = height / tileSize.height;
    const columns = width / tileSize.width;
    return { width, height, rows, columns, tiles: rows * columns };
  });
}

function maxGridTiles(detail: Detail): number {
  switch (detail) {
    case 'low':
      return 0;
    case 'auto':
      return AUTO_TILES;
    case 'high':
      return Infinity;
  }
}

function createPlan(
  { width, height }: Size,
  geometry: VisionGeometry,
  detail: Detail,
  chosen: PinpointGrid | null,
): TilePlan {
  const grid = chosen && { rows: chosen.rows, columns: chosen.columns };
  return {
    imageSize: { width, height },
    detail,
    grid,
    tiles: 1 + (chosen?.tiles ?? 0),
    visualTokens: countVisualTokens({ width, height }, grid, geometry),
  };
}

function checkSize({ width, height }: Size): void {
  if (isPositiveInteger(width) && isPositiveInteger(height)) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    'The image size must be at least 1 × 1 pixel, in whole pixels.',
  );
}

function isPositiveInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function contextLengthExceeded(needed: number, available: number): SalamandraError {
  return new SalamandraError(
    'CONTEXT_LENGTH_EXCEEDED',
    `The image needs at least ${needed} visual tokens, but the context has room for ${Math.max(available, 0)}. Shorten the prompt, lower max_tokens, or send fewer images.`,
    { details: { neededTokens: needed, availableTokens: Math.max(available, 0) } },
  );
}

/**
 * Selects the grid pinpoint with the largest effective resolution. Ties are decided by the least padding, then by the
 * order of the list. An image whose short side is truncated to 0 on every pinpoint gets the smallest one.
 *
 * Source: `select_best_resolution` of Hugging Face transformers (image_processing_utils.py).
 *
 * @returns `null` for an empty list
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
    // Upscaling adds no resolution.
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
