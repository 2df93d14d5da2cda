import { SalamandraError } from '../errors/salamandra-error.js';
import { countVisualTokens } from './count-visual-tokens.js';
import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';

/** How closely to look: the base tile alone, up to four tiles beside it, or as many as the model allows. */
export type Detail = 'low' | 'auto' | 'high';

/** `anyres`: base tile plus a grid of tiles. `square`: one tile of the image padded to a square. */
export type TileLayout = 'anyres' | 'square';

export interface TilePlan {
  /** Of the decoded, upright picture, in pixels. */
  readonly imageSize: { readonly width: number; readonly height: number };
  /** What was asked for; a small budget may have led to less. */
  readonly detail: Detail;
  /** null: the base tile alone. */
  readonly grid: TileGrid | null;
  /** Tiles to encode, the base tile included. */
  readonly tiles: number;
  readonly visualTokens: number;
}

/** Most tiles beside the base tile for `auto`: enough for a photograph, at a seventh of the time 36 tiles take. */
const AUTO_TILES = 4;

/**
 * Decides how a picture is cut, before any pixel is touched.
 *
 * `high` offers every pinpoint and then equals Hugging Face's processor. When the tokens exceed the budget,
 * the pinpoints with most tiles are dropped until they fit; what fits last is the base tile alone.
 *
 * @param maxVisualTokens embeddings this picture may take
 * @throws SalamandraError CONTEXT_LENGTH_EXCEEDED when not even the base tile fits
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

/** More embeddings than any picture becomes at this detail, whatever its size. */
export function boundVisualTokens(detail: Detail, geometry: VisionGeometry): number {
  const { patchesPerSide } = geometry;
  const patches = patchesPerSide ** 2;
  const grids = pinpointGrids(geometry).filter(({ tiles }) => tiles <= maxGridTiles(detail));
  // The patches of all tiles and a newline for each row of them; what is cut off or shrunk makes them fewer.
  const bounds = grids.map(({ tiles, rows }) => tiles * patches + rows * patchesPerSide);
  return patches + Math.max(1, ...bounds);
}

/** A pinpoint in pixels and in tiles. */
interface PinpointGrid extends Size, TileGrid {
  readonly tiles: number;
}

function pinpointGrids({ imageProcessor }: VisionGeometry): PinpointGrid[] {
  const { tileSize, imageGridPinpoints } = imageProcessor;
  return imageGridPinpoints.map(({ width, height }) => {
    // The manifest's check has made sure of whole tiles.
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
  throw new SalamandraError('INVALID_PARAMETER', 'A picture has at least one pixel.');
}

function isPositiveInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function contextLengthExceeded(needed: number, available: number): SalamandraError {
  return new SalamandraError(
    'CONTEXT_LENGTH_EXCEEDED',
    'The picture does not fit into what is left of the context.',
    { details: { neededTokens: needed, availableTokens: Math.max(available, 0) } },
  );
}

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
