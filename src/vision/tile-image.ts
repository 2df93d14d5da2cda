import type { DecodedImage } from '../media/decode-image.js';
import type { TilePlan } from './plan-tiles.js';
import { resizeBicubic } from './resize-bicubic.js';
import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';
import { countVisualTokens } from './count-visual-tokens.js';

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

/** Rows that are widened at a time: the square itself of a thin picture would take gigabytes. */
const BAND_ROWS = 64;

/**
 * Makes one tile of a picture among several: centred on a square of the mean colour, then scaled to the tile.
 *
 * The bytes equal `pad_to_square` and the resize after it of Hugging Face's `LlavaOnevisionImageProcessorPil`: an odd
 * remainder of the padding goes right or down.
 */
export function tileSquare(image: DecodedImage, geometry: VisionGeometry): TiledImage {
  const { tileSize, mean } = geometry.imageProcessor;
  const side = Math.max(image.width, image.height);
  const colour = mean.map((value) => Math.trunc(value * 255));
  const top = Math.floor((side - image.height) / 2);

  // Bicubic goes width first on a square, so each row can be padded and narrowed on its own.
  const narrow = fillRows(tileSize.width, side, colour);
  for (let y = 0; y < image.height; y += BAND_ROWS) {
    const band = padBand(image, y, side, colour);
    const resized = resizeBicubic(band, { width: tileSize.width, height: band.height });
    narrow.data.set(resized.data, (top + y) * tileSize.width * CHANNELS);
  }
  const { width, height } = image;
  const visualTokens = countVisualTokens(image, null, geometry);
  return {
    plan: { imageSize: { width, height }, detail: 'low', grid: null, tiles: 1, visualTokens },
    tiles: [resizeBicubic(narrow, tileSize).data],
  };
}

/** A band of the picture's rows from `y` on, each in the middle of a row of `side` pixels. */
function padBand(
  image: DecodedImage,
  y: number,
  side: number,
  colour: readonly number[],
): DecodedImage {
  const height = Math.min(BAND_ROWS, image.height - y);
  const band = fillRows(side, height, colour);
  const left = Math.floor((side - image.width) / 2);
  const rowLength = image.width * CHANNELS;
  for (let row = 0; row < height; row++) {
    const start = (y + row) * rowLength;
    const pixels = image.data.subarray(start, start + rowLength);
    band.data.set(pixels, (row * side + left) * CHANNELS);
  }
  return band;
}

function fillRows(width: number, height: number, colour: readonly number[]): DecodedImage {
  const data = new Uint8Array(width * height * CHANNELS);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % CHANNELS] as number;
  return { width, height, data };
}
