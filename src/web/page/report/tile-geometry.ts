import type { ImageReport } from '../service/api-types.js';

/** A rectangle in pixels of the upright picture, whose upper left corner is (0, 0). */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How a picture was cut, in its own coordinates. */
export interface TileGeometry {
  /** The base tile: the whole picture, squeezed to one tile. */
  readonly picture: Box;
  /** The grid's tiles, row by row; they overhang where the picture has not the grid's shape. Empty without a grid. */
  readonly tiles: readonly Box[];
  /** Just around picture and tiles. */
  readonly extent: Box;
}

/**
 * Where the tiles lie. The service scales a picture to fit a canvas of `columns` by `rows` square tiles and centres it
 * there; seen from the picture, the canvas has the picture's size in one direction and overhangs in the other.
 */
export function tileGeometry({
  width,
  height,
  grid,
}: Pick<ImageReport, 'width' | 'height' | 'grid'>): TileGeometry {
  const picture = { x: 0, y: 0, width, height };
  if (grid === null) return { picture, tiles: [], extent: picture };
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
    picture,
    tiles,
    extent: { x: left, y: top, width: columns * side, height: rows * side },
  };
}
