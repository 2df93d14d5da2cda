import type { DecodedImage } from '../media/decode-image.js';
import type { ResamplingFilter } from '../models/package/manifest.js';
import { countVisualTokens } from './count-visual-tokens.js';
import { fitTile, placeOnBlack } from './fit-tile.js';
import type { TilePlan } from './plan-tiles.js';
import { resizeImage } from './resize-image.js';
import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';

export interface TiledImage {
  readonly plan: TilePlan;
  /** The base tile, then the grid in row-major order. RGB, `tileSize.height * tileSize.width * 3` bytes each. */
  readonly tiles: Uint8Array[];
}

const CHANNELS = 3;

/**
 * Creates the tiles of a plan.
 *
 * With the layout `anyres`, the base tile is the whole image resized to the tile size, without keeping the aspect
 * ratio. The grid's tiles are cropped from the image that is resized to fit the grid and centered on black. Bit-equal
 * to `LlavaOnevisionImageProcessorPil` and `LlavaNextImageProcessorPil` of Hugging Face transformers before rescaling.
 * With the layout `single-tile`, see `fitTile`.
 */
export function tileImage(
  image: DecodedImage,
  plan: TilePlan,
  { layout, imageProcessor }: VisionGeometry,
): TiledImage {
  if (layout.kind === 'single-tile') {
    return { plan, tiles: [fitTile(image, layout, imageProcessor)] };
  }
  const { tileSize, resample } = imageProcessor;
  const baseTile = resizeImage(image, tileSize, resample).data;
  if (plan.grid === null) return { plan, tiles: [baseTile] };
  const size = {
    width: plan.grid.columns * tileSize.width,
    height: plan.grid.rows * tileSize.height,
  };
  const canvas = drawCanvas(image, size, resample);
  return { plan, tiles: [baseTile, ...cutTiles(canvas, plan.grid, tileSize)] };
}

/** Resizes the image to fit the canvas and centers it. An odd padding pixel goes right or down. */
function drawCanvas(image: DecodedImage, canvas: Size, resample: ResamplingFilter): DecodedImage {
  const scaled = resizeImage(image, fitInside(image, canvas), resample);
  const left = Math.floor((canvas.width - scaled.width) / 2);
  const top = Math.floor((canvas.height - scaled.height) / 2);
  return { ...canvas, data: placeOnBlack(scaled, { left, top }, canvas) };
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

/**
 * Creates the single tile of one of several images: the image is centered on a square of the layout's color, then
 * resized. As `LlavaOnevisionImageProcessorPil` of Hugging Face transformers.
 *
 * @throws RangeError if the layout tiles several images as it tiles one; see `chooseTileLayout`
 */
export function tileSquare(image: DecodedImage, geometry: VisionGeometry): TiledImage {
  const { layout, imageProcessor } = geometry;
  const paddingColor = layout.kind === 'anyres' ? layout.severalImagesColor : null;
  if (!paddingColor) throw new RangeError('The layout has no square tiles.');
  const resize = { sides: 'both', pixels: imageProcessor.tileSize.width } as const;
  const { width, height } = image;
  const visualTokens = countVisualTokens(image, null, geometry);
  return {
    plan: { imageSize: { width, height }, detail: 'low', grid: null, tiles: 1, visualTokens },
    tiles: [fitTile(image, { paddingColor, resize }, imageProcessor)],
  };
}
