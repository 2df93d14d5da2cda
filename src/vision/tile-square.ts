import type { DecodedImage } from '../media/decode-image.js';
import { countVisualTokens } from './count-visual-tokens.js';
import { resizeBicubic } from './resize-bicubic.js';
import type { TiledImage } from './tile-image.js';
import type { VisionGeometry } from './vision-geometry.js';

const CHANNELS = 3;
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
