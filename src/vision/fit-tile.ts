import type { DecodedImage } from '../media/decode-image.js';
import type {
  Color,
  ImageProcessorConfig,
  ResamplingFilter,
  SingleTileLayout,
} from '../models/package/manifest.js';
import { resizeImage } from './resize-image.js';
import type { Size } from './vision-geometry.js';

/** How a whole image becomes one tile. */
export type TileFit = Pick<SingleTileLayout, 'paddingColor' | 'resize'>;

const CHANNELS = 3;

/** Rows per band. Padding a thin image to a full square at once would take gigabytes. */
const BAND_ROWS = 64;

/**
 * Pads the image to a square if a color is given, resizes it, and crops the center of the result to a tile. An odd
 * padding pixel goes right or down. Where the result is smaller than the tile, the tile is black.
 *
 * Bit-equal to `pad_to_square`, `resize` and `center_crop` of the PIL image processors of Hugging Face transformers
 * (`CLIPImageProcessorPil`, `LlavaImageProcessorPil`, `SiglipImageProcessorPil`, `LlavaOnevisionImageProcessorPil`).
 *
 * @returns RGB, `tileSize.height * tileSize.width * 3` bytes
 */
export function fitTile(
  image: DecodedImage,
  { paddingColor, resize }: TileFit,
  { tileSize, resample }: Pick<ImageProcessorConfig, 'tileSize' | 'resample'>,
): Uint8Array {
  const size = resizedSize(image, paddingColor ? 'both' : resize.sides, resize.pixels);
  const columns = cropCenter(size.width, tileSize.width);
  const rows = cropCenter(size.height, tileSize.height);
  const resized = paddingColor
    ? resizePadded(image, paddingColor, size, { columns, rows }, resample)
    : resizeImage(image, size, resample, { columns, rows });
  if (resized.width === tileSize.width && resized.height === tileSize.height) return resized.data;
  return placeOnBlack(resized, { left: columns.margin, top: rows.margin }, tileSize);
}

/** Python's `int(pixels * long / short)` for the longer side. */
function resizedSize(
  { width, height }: Size,
  sides: SingleTileLayout['resize']['sides'],
  pixels: number,
): Size {
  if (sides === 'both') return { width: pixels, height: pixels };
  return width <= height
    ? { width: pixels, height: Math.trunc((pixels * height) / width) }
    : { width: Math.trunc((pixels * width) / height), height: pixels };
}

/** The part of a side that the center crop keeps, and the black margin before it. */
interface CroppedSide {
  readonly start: number;
  readonly length: number;
  readonly margin: number;
}

function cropCenter(from: number, to: number): CroppedSide {
  if (from < to) return { start: 0, length: from, margin: Math.ceil((to - from) / 2) };
  return { start: Math.floor((from - to) / 2), length: to, margin: 0 };
}

/**
 * Centers the image on a square of a color and resizes the square. Resizing of a square handles the width first, so
 * rows can be padded and resized band by band.
 */
function resizePadded(
  image: DecodedImage,
  color: Color,
  size: Size,
  window: { readonly columns: CroppedSide; readonly rows: CroppedSide },
  resample: ResamplingFilter,
): DecodedImage {
  const side = Math.max(image.width, image.height);
  const top = Math.floor((side - image.height) / 2);
  const width = window.columns.length;
  const narrow = fillRows(width, side, color);
  for (let y = 0; y < image.height; y += BAND_ROWS) {
    const band = padBand(image, y, side, color);
    const rows = { start: 0, length: band.height };
    const target = { width: size.width, height: band.height };
    const resized = resizeImage(band, target, resample, { columns: window.columns, rows });
    narrow.data.set(resized.data, (top + y) * width * CHANNELS);
  }
  const columns = { start: 0, length: width };
  return resizeImage(narrow, { width, height: size.height }, resample, {
    columns,
    rows: window.rows,
  });
}

/** Up to BAND_ROWS rows of the image from row `y`, each centered in a row of `side` pixels. */
function padBand(image: DecodedImage, y: number, side: number, color: Color): DecodedImage {
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

function fillRows(width: number, height: number, color: Color): DecodedImage {
  const data = new Uint8Array(width * height * CHANNELS);
  for (let i = 0; i < data.length; i++) data[i] = color[i % CHANNELS] as number;
  return { width, height, data };
}

/** Copies the image onto a black canvas. @returns RGB of the canvas */
export function placeOnBlack(
  image: DecodedImage,
  { left, top }: { readonly left: number; readonly top: number },
  canvas: Size,
): Uint8Array {
  const data = new Uint8Array(canvas.width * canvas.height * CHANNELS);
  const rowLength = image.width * CHANNELS;
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * rowLength, (y + 1) * rowLength);
    data.set(row, ((top + y) * canvas.width + left) * CHANNELS);
  }
  return data;
}
