import type { DecodedImage } from '../media/decode-image.js';
import type { TilePlan } from './plan-tiles.js';
import { resizeBicubic } from './resize-bicubic.js';
import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';

export interface TiledImage {
  readonly plan: TilePlan;
  /** RGB, `tileSize.height * tileSize.width * 3` bytes each; the base tile first, then the grid row by row. */
  readonly tiles: Uint8Array[];
}

const CHANNELS = 3;

/**
 * Cuts a picture as planned: the base tile is the whole picture squeezed to one tile; the grid's tiles are cut
 * from the picture scaled to fit the grid, centred on black.
 *
 * The bytes equal those of Hugging Face's `LlavaOnevisionImageProcessorPil` before rescaling.
 */
export function tileImage(
  image: DecodedImage,
  plan: TilePlan,
  { imageProcessor: { tileSize } }: VisionGeometry,
): TiledImage {
  const baseTile = resizeBicubic(image, tileSize).data;
  if (plan.grid === null) return { plan, tiles: [baseTile] };
  const canvas = drawCanvas(image, {
    width: plan.grid.columns * tileSize.width,
    height: plan.grid.rows * tileSize.height,
  });
  return { plan, tiles: [baseTile, ...cutTiles(canvas, plan.grid, tileSize)] };
}

/** Scales the picture to fit and puts it in the middle; an odd remainder of the padding goes right and down. */
function drawCanvas(image: DecodedImage, canvas: Size): DecodedImage {
  const scaled = resizeBicubic(image, fitInside(image, canvas));
  const left = Math.floor((canvas.width - scaled.width) / 2);
  const top = Math.floor((canvas.height - scaled.height) / 2);
  const data = new Uint8Array(canvas.width * canvas.height * CHANNELS);
  const rowLength = scaled.width * CHANNELS;
  for (let y = 0; y < scaled.height; y++) {
    const row = scaled.data.subarray(y * rowLength, (y + 1) * rowLength);
    data.set(row, ((top + y) * canvas.width + left) * CHANNELS);
  }
  return { ...canvas, data };
}

/** Largest size of the same shape inside the canvas, the other side rounded up: never 0. */
function fitInside(image: Size, canvas: Size): Size {
  const scaleX = canvas.width / image.width;
  const scaleY = canvas.height / image.height;
  return scaleX < scaleY
    ? { width: canvas.width, height: Math.min(Math.ceil(image.height * scaleX), canvas.height) }
    : { width: Math.min(Math.ceil(image.width * scaleY), canvas.width), height: canvas.height };
}

function cutTiles(canvas: DecodedImage, grid: TileGrid, tileSize: Size): Uint8Array[] {
  const tiles: Uint8Array[] = [];
  for (let row = 0; row < grid.rows; row++) {
    for (let column = 0; column < grid.columns; column++) {
      tiles.push(cutTile(canvas, row * tileSize.height, column * tileSize.width, tileSize));
    }
  }
  return tiles;
}

function cutTile(canvas: DecodedImage, top: number, left: number, tileSize: Size): Uint8Array {
  const rowLength = tileSize.width * CHANNELS;
  const tile = new Uint8Array(rowLength * tileSize.height);
  for (let y = 0; y < tileSize.height; y++) {
    const start = ((top + y) * canvas.width + left) * CHANNELS;
    tile.set(canvas.data.subarray(start, start + rowLength), y * rowLength);
  }
  return tile;
}
