import {
  type JsonObject,
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
  checkString,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { ImageProcessorConfig } from '../../package/manifest.js';

const PIXELS = { min: 1, max: 1 << 16 };
const CHANNEL = { min: -1000, max: 1000 };
const POSITIVE = { min: 1e-9, max: 1000 };

/** `PIL.Image.Resampling.BICUBIC`, the only implemented filter. */
const BICUBIC = 3;

/** Preprocessing steps that cannot be disabled. */
const STEPS = ['do_resize', 'do_rescale', 'do_normalize', 'do_pad'];

/**
 * Parses a LLaVA-OneVision image processor: `preprocessor_config.json`, or `image_processor` in
 * `processor_config.json`.
 *
 * @param config `config.json`: default for the grid pinpoints, and the tile limit (`vision_aspect_ratio`).
 * @param imageSize input size of the vision encoder in pixels.
 * @throws MODEL_INVALID if a field is missing, out of range or needs unsupported preprocessing.
 */
export function parseImageProcessor(
  processor: JsonObject,
  config: JsonObject,
  imageSize: number,
): ImageProcessorConfig {
  for (const step of STEPS) checkOneOf(processor[step] ?? true, step, [true]);
  checkOneOf(processor['resample'] ?? BICUBIC, 'resample', [BICUBIC]);
  const size = checkObject(processor['size'], 'size');
  const tileSize = {
    width: checkInteger(size['width'], 'size.width', PIXELS),
    height: checkInteger(size['height'], 'size.height', PIXELS),
  };
  if (tileSize.width !== imageSize || tileSize.height !== imageSize) {
    throw invalidModel(
      `size must be vision_config.image_size (${imageSize}), found ${tileSize.width} x ${tileSize.height}`,
    );
  }
  const pinpoints = processor['image_grid_pinpoints'] ?? config['image_grid_pinpoints'];
  return {
    tileSize,
    mean: parseChannels(processor['image_mean'], 'image_mean', CHANNEL),
    std: parseChannels(processor['image_std'], 'image_std', POSITIVE),
    rescaleFactor: checkNumber(processor['rescale_factor'] ?? 1 / 255, 'rescale_factor', POSITIVE),
    imageGridPinpoints: checkList(pinpoints, 'image_grid_pinpoints', 1024, (item, label) =>
      parsePinpoint(item, label, imageSize),
    ),
    maxTilesCap: parseCap(config['vision_aspect_ratio'] ?? 'anyres_max_9'),
  };
}

function parseChannels(
  value: unknown,
  label: string,
  range: { min: number; max: number },
): [number, number, number] {
  const channels = checkList(value, label, 3, (item, name) => checkNumber(item, name, range));
  const [red, green, blue] = channels;
  if (red === undefined || green === undefined || blue === undefined) {
    throw invalidModel(`${label} must be an array of 3 numbers, found ${channels.length}`);
  }
  return [red, green, blue];
}

/** Pinpoints are [height, width] in checkpoints. */
function parsePinpoint(
  value: unknown,
  label: string,
  imageSize: number,
): { width: number; height: number } {
  const [height, width] = checkList(value, label, 2, (item, name) =>
    checkInteger(item, name, PIXELS),
  );
  if (height === undefined || width === undefined) {
    throw invalidModel(`${label} must be [height, width]`);
  }
  if (height % imageSize !== 0 || width % imageSize !== 0) {
    throw invalidModel(
      `${label} must be a multiple of the tile size ${imageSize}, found ${height} x ${width}`,
    );
  }
  return { width, height };
}

/** `anyres_max_9` gives 9, `anyres` null (no limit). */
function parseCap(value: unknown): number | null {
  const text = checkString(value, 'vision_aspect_ratio', 64);
  if (text === 'anyres') return null;
  const digits = /^anyres_max_([1-9][0-9]{0,3})$/.exec(text)?.[1];
  if (digits === undefined)
    throw invalidModel('vision_aspect_ratio must be anyres or anyres_max_N');
  return Number(digits);
}
