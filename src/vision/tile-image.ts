import type { DecodedImage } from '../media/decoded-image.js';
import type { TilePlan } from './plan-tiles.js';
import { resizeBicubic } from './resize-bicubic.js';
import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';
import { countVisualTokens } from './count-visual-tokens.js';

export interface TiledImage {
  readonly plan: TilePlan;
  /** The base tile, then the grid in row-major order. RGB, `tileSize.height * tileSize.width * 3` bytes each. */
  readonly tiles: Uint8Array[];
}

const CHANNELS = 3;

/**
 * Creates the tiles of a plan (anyres). The base tile is the whole image resized to the tile size, without keeping the
 * aspect ratio. The grid's tiles are cropped from the image that is resized to fit the grid and centered on black. The
 * pixels may be a reduced version of the image that was planned.
 *
 * Bit-equal to `LlavaOnevisionImageProcessorPil` of Hugging Face transformers before rescaling.
 */
export function tileImage(
  image: DecodedImage,
  plan: TilePlan,
  { imageProcessor: { tileSize } }: VisionGeometry,
): TiledImage {
  const baseTile = resizeBicubic(image, tileSize).data;
  if (plan.grid === null) return { plan, tiles: [baseTile] };
  const canvas = drawCanvas(image, plan.imageSize, {
    width: plan.grid.columns * tileSize.width,
    height: plan.grid.rows * tileSize.height,
  });
  return { plan, tiles: [baseTile, ...cutTiles(canvas, plan.grid, tileSize)] };
}

/** Resizes an image of this full size to fit the canvas and centers it. An odd padding pixel goes right or down. */
function drawCanvas(image: DecodedImage, fullSize: Size, canvas: Size): DecodedImage {
  const scaled = resizeBicubic(image, fitInside(fullSize, canvas));
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

/**
 * The largest size with the image's aspect ratio inside the canvas. The side that does not fill the canvas is rounded
 * up, so it is never 0.
 */
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

/** Rows per band. Padding a thin image to a full square at once would take gigabytes. */
const BAND_ROWS = 64;

/**
 * Creates the single tile of an image in a request with several images: the image is centered on a square of the mean
 * color, then resized. An odd padding pixel goes right or down.
 *
 * Bit-equal to `pad_to_square` and the resize after it in `LlavaOnevisionImageProcessorPil` of Hugging Face
 * transformers.
 */
export function tileSquare(
  image: DecodedImage,
  geometry: VisionGeometry,
  fullSize: Size = image,
): TiledImage {
  const { tileSize, mean } = geometry.imageProcessor;
  const color = mean.map((value) => Math.trunc(value * 255));
  // The square in pixels of the image, which may be reduced by another factor on each axis.
  const side = Math.max(fullSize.width, fullSize.height);
  const sideX = Math.round((side * image.width) / fullSize.width);
  const sideY = Math.round((side * image.height) / fullSize.height);
  const top = Math.floor((sideY - image.height) / 2);

  // Bicubic resizing of a square handles the width first, so rows can be padded and resized band by band.
  const resizedWidth = fillRows(tileSize.width, sideY, color);
  for (let y = 0; y < image.height; y += BAND_ROWS) {
    const band = padBand(image, y, sideX, color);
    const resized = resizeBicubic(band, { width: tileSize.width, height: band.height });
    resizedWidth.data.set(resized.data, (top + y) * tileSize.width * CHANNELS);
  }
  const { width, height } = fullSize;
  const visualTokens = countVisualTokens(fullSize, null, geometry);
  return {
    plan: { imageSize: { width, height }, detail: 'low', grid: null, tiles: 1, visualTokens },
    tiles: [resizeBicubic(resizedWidth, tileSize).data],
  };
}

/** Up to BAND_ROWS rows of the image from row `y`, each centered in a row of `side` pixels. */
function padBand(
  image: DecodedImage,
  y: number,
  side: number,
  color: readonly number[],
): DecodedImage {
  const height = Math.min(BAND_ROWS, image.height - y);
  const band = fillRows(side, height, color);
  const left = Math.floor((side - image.width) / 2);
  const rowLength = image.width * CHANNELS;
  for (let row = 0; row < height; row++) {
    const start = (y + row) * rowLength;
    const pixels = image.data.subarray(start, start + rowLength);
    band.data.set(pixels, (row * side + left) * CHANNELS);
  }
  return band;
}

function fillRows(width: number, height: number, color: readonly number[]): DecodedImage {
  const data = new Uint8Array(width * height * CHANNELS);
  for (let i = 0; i < data.length; i++) data[i] = color[i % CHANNELS] as number;
  return { width, height, data };
}
