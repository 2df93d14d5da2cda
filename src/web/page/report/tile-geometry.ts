import type { ImageReport } from '../service/api-types.js';

/** A rectangle in pixels of the upright image. The origin is the upper left corner of the image. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The tiles of an image, in its own coordinates. */
export interface TileGeometry {
  /** The area of the base tile: the whole image. */
  readonly image: Box;
  /**
   * The tiles of the grid in row order. They extend beyond the image if its aspect ratio differs. Empty without a grid.
   */
  readonly tiles: readonly Box[];
  /** The bounding box of the image and the tiles. */
  readonly extent: Box;
}

/**
 * Computes the tile positions. The service scales an image to fit a canvas of `columns` × `rows` square tiles and
 * centers it. In image coordinates, the canvas has the size of the image in one direction and extends beyond it in the
 * other.
 */
export function tileGeometry({
  width,
  height,
  grid,
}: Pick<ImageReport, 'width' | 'height' | 'grid'>): TileGeometry {
  const image = { x: 0, y: 0, width, height };
  if (grid === null) return { image, tiles: [], extent: image };
  const { rows, columns } = grid;
  const side = Math.max(width / columns, height / rows);
  const left = (width - columns * side) / 2;
  const top = (height - rows * side) / 2;
  const tiles = Array.from({ length: rows * columns }, (_, tile) => ({
    x: left + (tile % columns) * side,
    y: top + Math.floor(tile / columns) * side,
    width: side,
    height: side,
  }));
  return {
    image,
    tiles,
    extent: { x: left, y: top, width: columns * side, height: rows * side },
  };
}
