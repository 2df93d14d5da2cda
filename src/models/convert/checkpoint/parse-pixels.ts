import {
  type JsonObject,
  checkBoolean,
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  describeValue,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type {
  ImageProcessorConfig,
  ResamplingFilter,
  SingleTileLayout,
} from '../../package/manifest.js';

const PIXELS = { min: 1, max: 1 << 12 };
const CHANNEL = { min: -1000, max: 1000 };
const POSITIVE = { min: 1e-9, max: 1000 };

/** The implemented filters by their number in `PIL.Image.Resampling`. */
const FILTERS: Readonly<Record<string, ResamplingFilter>> = {
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
};

/**
 * Parses the settings that images and the frames of videos share: filter, rescaling and normalization.
 *
 * @param json a processor file, completed with the attributes of its class.
 * @param imageSize input size of the vision encoder in pixels.
 * @throws MODEL_INVALID
 */
export function parsePixelValues(json: JsonObject, imageSize: number): ImageProcessorConfig {
  const isNormalized = checkFlag(json, 'do_normalize');
  const mean = parseChannels(json['image_mean'], 'image_mean', CHANNEL);
  const std = parseChannels(json['image_std'], 'image_std', POSITIVE);
  const factor = checkNumber(json['rescale_factor'], 'rescale_factor', POSITIVE);
  return {
    tileSize: { width: imageSize, height: imageSize },
    resample: parseFilter(json['resample']),
    mean: isNormalized ? mean : [0, 0, 0],
    std: isNormalized ? std : [1, 1, 1],
    rescaleFactor: checkFlag(json, 'do_rescale') ? factor : 1,
  };
}

/** @throws MODEL_INVALID unless the field is a boolean; a missing one is false. */
export function checkFlag(json: JsonObject, field: string): boolean {
  return checkBoolean(json[field] ?? false, field);
}

/**
 * Parses `size`: a number (the shorter side), `[height, width]`, `{height, width}` or `{shortest_edge}`.
 *
 * @throws MODEL_INVALID for other keys and for sides of different length.
 */
export function parseSize(json: JsonObject): SingleTileLayout['resize'] {
  const value = json['size'];
  if (typeof value === 'number') return { sides: 'shortest', pixels: checkPixels(value, 'size') };
  if (Array.isArray(value)) return { sides: 'both', pixels: checkSquare(value, 'size') };
  const size = checkObject(value, 'size');
  const shortest = size['shortest_edge'];
  if (shortest !== undefined && Object.keys(size).length === 1) {
    return { sides: 'shortest', pixels: checkPixels(shortest, 'size.shortest_edge') };
  }
  return { sides: 'both', pixels: checkSquare(sidesOf(size, 'size'), 'size') };
}

/** Parses `crop_size`: a number, `[height, width]`, `{height, width}` or none (`null`). @throws MODEL_INVALID */
export function parseCropSize(json: JsonObject): number | null {
  const value = json['crop_size'] ?? null;
  if (value === null) return null;
  if (typeof value === 'number') return checkPixels(value, 'crop_size');
  const sides = Array.isArray(value)
    ? value
    : sidesOf(checkObject(value, 'crop_size'), 'crop_size');
  return checkSquare(sides, 'crop_size');
}

function sidesOf(size: JsonObject, label: string): unknown[] {
  const unknown = Object.keys(size).filter((key) => key !== 'height' && key !== 'width');
  if (unknown.length > 0) {
    throw invalidModel(
      `${label} must have \`height\` and \`width\`${label === 'size' ? ' or `shortest_edge`' : ''} only, found ` +
        `${unknown.length} other keys`,
    );
  }
  return [size['height'], size['width']];
}

function checkSquare(sides: readonly unknown[], label: string): number {
  const [height, width] = checkList(sides, label, 2, checkPixels);
  if (height === undefined || height !== width) {
    throw invalidModel(`${label} must be a square, found ${sides.map(describeValue).join(' x ')}`);
  }
  return height;
}

function checkPixels(value: unknown, label: string): number {
  return checkInteger(value, label, PIXELS);
}

function parseFilter(value: unknown): ResamplingFilter {
  const filter = FILTERS[String(value)];
  if (filter && typeof value === 'number') return filter;
  throw invalidModel(
    `resample ${describeValue(value)} is not supported. Supported: 1 (lanczos), 2 (bilinear), 3 (bicubic)`,
  );
}

/** Three numbers, or one for all channels. */
export function parseChannels(
  value: unknown,
  label: string,
  range: { min: number; max: number },
): [number, number, number] {
  const items = typeof value === 'number' ? [value, value, value] : value;
  const channels = checkList(items, label, 3, (item, name) => checkNumber(item, name, range));
  const [red, green, blue] = channels;
  if (red === undefined || green === undefined || blue === undefined) {
    throw invalidModel(`${label} must be an array of 3 numbers, found ${channels.length}`);
  }
  return [red, green, blue];
}
