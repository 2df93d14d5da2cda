import type { DecodedImage } from '../media/decode-image.js';
import type { Color, ImageProcessorConfig, SingleTileLayout } from '../models/package/manifest.js';
import { resizeImage, type SquarePadding } from './resize-image.js';
import type { Size } from './vision-geometry.js';

/** How a whole image becomes one tile. */
export type TileFit = Pick<SingleTileLayout, 'paddingColor' | 'resize'>;

const CHANNELS = 3;

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
  const resized = resizeImage(image, size, resample, {
    window: { columns, rows },
    ...(paddingColor && { padding: centerOnSquare(image, paddingColor) }),
  });
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

function centerOnSquare({ width, height }: Size, color: Color): SquarePadding {
  const side = Math.max(width, height);
  const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
  return { side, left, top, color };
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
