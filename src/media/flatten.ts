import type { DecodedImage } from './decoded-image.js';
import type { VipsPixels } from './libvips.js';

/** Levels of the grounds that transparent images are drawn on: white, or a darker one if white hides them. */
const GROUNDS = [255, 0, 128] as const;

/** Levels between a pixel and the ground from which the pixel is visible. */
const VISIBLE_CONTRAST = 32;

/** Part of the drawing that must be visible on white, the ground that Pillow users choose. */
const MIN_VISIBLE_ON_WHITE = 0.5;

/** Composites transparency on white, or on the ground that shows most of a drawing that white would hide. */
export function flatten({ width, height, channels, data }: VipsPixels): DecodedImage {
  if (channels === 3) return { width, height, data };
  const ground = isOpaque(data) ? GROUNDS[0] : chooseGround(data);
  return { width, height, data: composite(data, ground) };
}

function isOpaque(rgba: Uint8Array): boolean {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 255) return false;
  return true;
}

function chooseGround(rgba: Uint8Array): number {
  const visible = GROUNDS.map(() => 0);
  let drawn = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const alpha = (rgba[at + 3] as number) / 255;
    if (alpha * 255 <= VISIBLE_CONTRAST) continue;
    drawn += 1;
    for (let index = 0; index < GROUNDS.length; index++) {
      const ground = GROUNDS[index] as number;
      const contrast = Math.max(
        Math.abs((rgba[at] as number) - ground),
        Math.abs((rgba[at + 1] as number) - ground),
        Math.abs((rgba[at + 2] as number) - ground),
      );
      if (contrast * alpha > VISIBLE_CONTRAST) visible[index] = (visible[index] as number) + 1;
    }
  }
  const [onWhite = 0] = visible;
  if (onWhite >= drawn * MIN_VISIBLE_ON_WHITE) return GROUNDS[0];
  return GROUNDS[visible.indexOf(Math.max(...visible))] ?? GROUNDS[0];
}

/** RGBA to RGB on a gray level, rounded as Pillow does. libvips truncates, which gives values one level darker. */
function composite(rgba: Uint8Array, ground: number): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const alpha = rgba[from + 3] ?? 255;
    const rest = ground * (255 - alpha) + 127;
    rgb[to++] = ((rgba[from] ?? 0) * alpha + rest) / 255;
    rgb[to++] = ((rgba[from + 1] ?? 0) * alpha + rest) / 255;
    rgb[to++] = ((rgba[from + 2] ?? 0) * alpha + rest) / 255;
  }
  return rgb;
}

/** Levels by which the pixels of a blank image differ at most, in each channel. Compression alone causes a few. */
const BLANK_LEVELS = 8;

/** Whether an image shows one uniform color. */
export function isBlank({ data }: DecodedImage): boolean {
  const low = [255, 255, 255];
  const high = [0, 0, 0];
  for (let at = 0; at < data.length; at += 3) {
    for (let channel = 0; channel < 3; channel++) {
      const value = data[at + channel] as number;
      if (value < (low[channel] as number)) low[channel] = value;
      if (value > (high[channel] as number)) high[channel] = value;
      if ((high[channel] as number) - (low[channel] as number) > BLANK_LEVELS) return false;
    }
  }
  return true;
}
