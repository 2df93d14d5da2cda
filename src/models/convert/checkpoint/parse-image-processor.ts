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
import type { GenerationDefaults, ImageProcessorConfig } from '../../package/manifest.js';

const PIXELS = { min: 1, max: 1 << 16 };
const COLOUR = { min: -1000, max: 1000 };
const POSITIVE = { min: 1e-9, max: 1000 };

/** Pillow's number for bicubic, the one filter whose result is reproduced. */
const BICUBIC = 3;

/** Steps that the pipeline always takes; a processor that leaves one out is another one. */
const STEPS = ['do_resize', 'do_rescale', 'do_normalize', 'do_pad'];

/**
 * Reads an image processor's JSON: `preprocessor_config.json`, or `image_processor` inside
 * `processor_config.json`.
 *
 * @param config the checkpoint's `config.json`, for the grid and the cap on tiles.
 * @throws MODEL_INVALID when a field is missing, out of range or asks for another way of processing.
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
    throw invalidModel('size is not the image size of vision_config');
  }
  const pinpoints = processor['image_grid_pinpoints'] ?? config['image_grid_pinpoints'];
  return {
    tileSize,
    mean: parseColours(processor['image_mean'], 'image_mean', COLOUR),
    std: parseColours(processor['image_std'], 'image_std', POSITIVE),
    rescaleFactor: checkNumber(processor['rescale_factor'] ?? 1 / 255, 'rescale_factor', POSITIVE),
    imageGridPinpoints: checkList(pinpoints, 'image_grid_pinpoints', 1024, (item, label) =>
      parsePinpoint(item, label, imageSize),
    ),
    maxTilesCap: parseCap(config['vision_aspect_ratio'] ?? 'anyres_max_9'),
  };
}

/** Reads the sampling defaults of `generation_config.json`. @throws MODEL_INVALID */
export function parseGenerationDefaults(json: JsonObject): GenerationDefaults {
  const number = (field: string, min: number, max: number): number | undefined =>
    json[field] === undefined || json[field] === null
      ? undefined
      : checkNumber(json[field], field, { min, max });
  const defaults = {
    temperature: number('temperature', 0, 100),
    topP: number('top_p', 0, 1),
    topK: number('top_k', 0, 1 << 24),
    repetitionPenalty: number('repetition_penalty', 0.01, 100),
    doSample:
      json['do_sample'] === undefined
        ? undefined
        : checkOneOf(json['do_sample'], 'do_sample', [true, false]),
  };
  // An absent field is absent, not undefined: the manifest is compared with its own JSON.
  return Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined));
}

function parseColours(
  value: unknown,
  label: string,
  range: { min: number; max: number },
): [number, number, number] {
  const colours = checkList(value, label, 3, (item, name) => checkNumber(item, name, range));
  const [red, green, blue] = colours;
  if (red === undefined || green === undefined || blue === undefined) {
    throw invalidModel(`${label} must hold three numbers`);
  }
  return [red, green, blue];
}

/** Checkpoints write a pinpoint as [height, width]. */
function parsePinpoint(
  value: unknown,
  label: string,
  imageSize: number,
): { width: number; height: number } {
  const [height, width] = checkList(value, label, 2, (item, name) =>
    checkInteger(item, name, PIXELS),
  );
  if (height === undefined || width === undefined) throw invalidModel(`${label} must be a pair`);
  if (height % imageSize !== 0 || width % imageSize !== 0) {
    throw invalidModel(`${label} is not a whole number of tiles`);
  }
  return { width, height };
}

/** `anyres_max_9` -> 9; `anyres` has no cap. */
function parseCap(value: unknown): number | null {
  const text = checkString(value, 'vision_aspect_ratio', 64);
  if (text === 'anyres') return null;
  const digits = /^anyres_max_([1-9][0-9]{0,3})$/.exec(text)?.[1];
  if (digits === undefined)
    throw invalidModel('vision_aspect_ratio must be anyres or anyres_max_N');
  return Number(digits);
}
