import { invalidModel } from '../../package/invalid-model.js';
import {
  type JsonObject,
  checkInteger,
  checkList,
  checkString,
  findSupported,
} from '../../package/json-fields.js';
import type {
  AnyresLayout,
  Color,
  ImageProcessorConfig,
  SingleTileLayout,
  VisionLayout,
} from '../../package/manifest.js';
import type { VisionArchitecture } from './architecture.js';
import type { LlavaClass } from './llava-classes.js';
import {
  checkFlag,
  parseChannels,
  parseCropSize,
  parsePixelValues,
  parseSize,
} from './parse-pixels.js';
import { completeProcessor, type ProcessorClass } from './processor-classes.js';
import { withDefaults } from './with-defaults.js';

const PINPOINT = { min: 1, max: 1 << 16 };
const MAX_PINPOINTS = 1024;
/** The mean as a part of the brightest value, for a color of 0 to 255. */
const COLOR_MEAN = { min: 0, max: 1 };

/** Preprocessing of images, and how they become tiles. */
export interface ImagePreprocessing {
  readonly imageProcessor: ImageProcessorConfig;
  readonly layout: VisionLayout;
}

/**
 * Parses an image processor: `preprocessor_config.json`, or `image_processor` in `processor_config.json`. Fields
 * without a value have the attribute of the class.
 *
 * @param config `config.json`, which repeats the grid pinpoints and has the tile limit (`vision_aspect_ratio`).
 * @throws MODEL_INVALID if a field is out of range, needs unsupported preprocessing or does not fit the vision encoder
 */
export function parseImageProcessor(
  file: JsonObject,
  config: JsonObject,
  { llava, imageSize }: Pick<VisionArchitecture, 'llava' | 'imageSize'>,
): ImagePreprocessing {
  const name = parseProcessorClass(file, llava);
  const json = completeProcessor(file, name);
  return {
    imageProcessor: parsePixelValues(json, imageSize),
    layout:
      llava.layout === 'anyres'
        ? parseAnyres(json, llava, withDefaults(llava.defaults, config), imageSize)
        : parseSingleTile(json, name, imageSize),
  };
}

/** The names of the two backends of transformers end in `Fast` and `Pil`. Early files name a feature extractor. */
function parseProcessorClass(file: JsonObject, { imageProcessors }: LlavaClass): ProcessorClass {
  const type = file['image_processor_type'] ?? file['feature_extractor_type'] ?? imageProcessors[0];
  const name =
    typeof type === 'string'
      ? type.replace(/(Fast|Pil)$/, '').replace(/FeatureExtractor$/, 'ImageProcessor')
      : type;
  const table = Object.fromEntries(imageProcessors.map((one) => [one, one]));
  return findSupported(name, 'image_processor_type', table);
}

function parseSingleTile(
  json: JsonObject,
  name: ProcessorClass,
  imageSize: number,
): SingleTileLayout {
  if (!checkFlag(json, 'do_resize')) throw invalidModel('do_resize must be true, found false');
  const isPadded = checkFlag(json, 'do_pad');
  // Other classes pad at the right and the bottom, to the largest image of a batch: nothing, for tiles of one size.
  if (isPadded && (json['pad_size'] ?? null) !== null && name !== 'LlavaImageProcessor') {
    throw invalidModel('pad_size is not supported. Remove it, or set do_pad to false');
  }
  const paddingColor = isPadded && name === 'LlavaImageProcessor' ? parseColor(json) : null;
  const { sides, pixels } = parseSize(json);
  const resize = { sides: paddingColor ? 'both' : sides, pixels } as const;
  if (checkFlag(json, 'do_center_crop')) {
    checkTileSide(parseCropSize(json), 'crop_size', imageSize);
  } else {
    checkTileSide(pixels, 'size', imageSize);
    if (resize.sides === 'shortest') {
      throw invalidModel(
        'size.shortest_edge without do_center_crop gives images that are not square. Set do_center_crop, or size.height and size.width',
      );
    }
  }
  return { kind: 'single-tile', paddingColor, resize };
}

function parseAnyres(
  json: JsonObject,
  { severalImages }: LlavaClass,
  config: JsonObject,
  imageSize: number,
): AnyresLayout {
  // The base tile has `size`, the grid's tiles `crop_size`, and without it `size`. Both are square, so that resizing
  // the shorter side or both is the same, and cropping changes nothing.
  checkTileSide(parseSize(json).pixels, 'size', imageSize);
  checkTileSide(parseCropSize(json) ?? imageSize, 'crop_size', imageSize);
  const pinpoints = checkList(
    json['image_grid_pinpoints'],
    'image_grid_pinpoints',
    MAX_PINPOINTS,
    (item, label) => parsePinpoint(item, label, imageSize),
  );
  // transformers cuts the tiles by one list and arranges their features by the other.
  if (
    JSON.stringify(json['image_grid_pinpoints']) !== JSON.stringify(config['image_grid_pinpoints'])
  ) {
    throw invalidModel(
      'image_grid_pinpoints must be the same list here and in config.json; a missing one is that of the class. Copy ' +
        'the list that the model was trained with to both files',
    );
  }
  if (severalImages === 'as-one') {
    const layout = { imageGridPinpoints: pinpoints, maxTilesCap: null, severalImagesColor: null };
    return { kind: 'anyres', ...layout };
  }
  if (!checkFlag(json, 'do_resize')) {
    throw invalidModel('do_resize must be true for several images, found false');
  }
  return {
    kind: 'anyres',
    imageGridPinpoints: pinpoints,
    maxTilesCap: parseCap(config['vision_aspect_ratio']),
    severalImagesColor: parseColor(json),
  };
}

function checkTileSide(pixels: number | null, label: string, imageSize: number): void {
  if (pixels === imageSize) return;
  const found = pixels === null ? 'no value' : `${pixels} x ${pixels}`;
  throw invalidModel(
    `${label} must be vision_config.image_size in config.json (${imageSize}), found ${found}`,
  );
}

/** The mean color, as Python's `int(mean * 255)`. */
function parseColor(json: JsonObject): Color {
  const [red, green, blue] = parseChannels(json['image_mean'], 'image_mean', COLOR_MEAN);
  return [Math.trunc(red * 255), Math.trunc(green * 255), Math.trunc(blue * 255)];
}

/** Pinpoints are [height, width] in checkpoints. */
function parsePinpoint(
  value: unknown,
  label: string,
  imageSize: number,
): { width: number; height: number } {
  const [height, width] = checkList(value, label, 2, (item, name) =>
    checkInteger(item, name, PINPOINT),
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
