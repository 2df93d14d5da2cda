import { invalidModel } from './invalid-model.js';
import {
  type JsonObject,
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
} from './json-fields.js';
import { FACTOR, LAYERS, PINPOINT, PIXELS, TOKEN, WIDTH } from './manifest-limits.js';
import {
  type Color,
  type ImageProcessorConfig,
  type VisionLayout,
  type VisionManifest,
  RESAMPLING_FILTERS,
} from './manifest.js';
import { parseEncoding } from './parse-encoding.js';

/** A tile has at most this many patches on a side, and a class token. */
const SEQUENCE = { min: 1, max: PIXELS.max ** 2 + 1 };

/** Parses `vision` of a manifest. @throws MODEL_INVALID */
export function parseVisionManifest(json: JsonObject): VisionManifest {
  const tokens = checkObject(json['tokens'], 'vision.tokens');
  const integer = (name: string, range: { min: number; max: number }) =>
    checkInteger(json[name], `vision.${name}`, range);
  return {
    imageSize: integer('imageSize', PIXELS),
    patchSize: integer('patchSize', PIXELS),
    patchesPerSide: integer('patchesPerSide', PIXELS),
    sequenceLength: integer('sequenceLength', SEQUENCE),
    featuresPerTile: integer('featuresPerTile', SEQUENCE),
    hiddenSize: integer('hiddenSize', WIDTH),
    layers: integer('layers', { ...LAYERS, min: 0 }),
    encoding: parseEncoding(json['encoding'], 'vision.encoding'),
    layout: parseLayout(checkObject(json['layout'], 'vision.layout')),
    imageProcessor: parseProcessor(json['imageProcessor'], 'vision.imageProcessor'),
    videoProcessor:
      json['videoProcessor'] === null
        ? null
        : parseProcessor(json['videoProcessor'], 'vision.videoProcessor'),
    tokens: {
      image: checkInteger(tokens['image'], 'vision.tokens.image', TOKEN),
      video:
        tokens['video'] === null
          ? null
          : checkInteger(tokens['video'], 'vision.tokens.video', TOKEN),
    },
  };
}

function parseLayout(json: JsonObject): VisionLayout {
  const label = (name: string) => `vision.layout.${name}`;
  const color = (name: string) =>
    json[name] === null ? null : parseColor(json[name], label(name));
  const kind = checkOneOf(json['kind'], label('kind'), ['single-tile', 'anyres']);
  if (kind === 'single-tile') {
    const resize = checkObject(json['resize'], label('resize'));
    return {
      kind,
      paddingColor: color('paddingColor'),
      resize: {
        sides: checkOneOf(resize['sides'], label('resize.sides'), ['both', 'shortest']),
        pixels: checkInteger(resize['pixels'], label('resize.pixels'), PIXELS),
      },
    };
  }
  const cap = json['maxTilesCap'];
  const pinpoints = json['imageGridPinpoints'];
  return {
    kind,
    imageGridPinpoints: checkList(pinpoints, label('imageGridPinpoints'), 1024, parseSize),
    maxTilesCap: cap === null ? null : checkInteger(cap, label('maxTilesCap'), PIXELS),
    severalImagesColor: color('severalImagesColor'),
  };
}

function parseProcessor(value: unknown, label: string): ImageProcessorConfig {
  const json = checkObject(value, label);
  return {
    tileSize: parseSize(json['tileSize'], `${label}.tileSize`),
    resample: checkOneOf(json['resample'], `${label}.resample`, RESAMPLING_FILTERS),
    mean: parseTriple(json['mean'], `${label}.mean`, { min: -1e6, max: 1e6 }),
    std: parseTriple(json['std'], `${label}.std`, FACTOR),
    rescaleFactor: checkNumber(json['rescaleFactor'], `${label}.rescaleFactor`, FACTOR),
  };
}

function parseSize(value: unknown, label: string): { width: number; height: number } {
  const json = checkObject(value, label);
  return {
    width: checkInteger(json['width'], `${label}.width`, PINPOINT),
    height: checkInteger(json['height'], `${label}.height`, PINPOINT),
  };
}

function parseColor(value: unknown, label: string): Color {
  const color = parseTriple(value, label, { min: 0, max: 255 });
  for (const channel of color) checkInteger(channel, label, { min: 0, max: 255 });
  return color;
}

function parseTriple(
  value: unknown,
  label: string,
  range: { min: number; max: number },
): [number, number, number] {
  const numbers = checkList(value, label, 3, (item, itemLabel) =>
    checkNumber(item, itemLabel, range),
  );
  const [red, green, blue] = numbers;
  if (red === undefined || green === undefined || blue === undefined) {
    throw invalidModel(`${label} must be an array of 3 numbers, found ${numbers.length}`);
  }
  return [red, green, blue];
}
