import {
  type JsonObject,
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
} from './checked-json.js';
import { FACTOR, LAYERS, PIXELS, TOKEN, WIDTH } from './checked-manifest-value.js';
import { invalidModel } from './invalid-model.js';
import type { ImageProcessorConfig, VisionManifest } from './manifest.js';
import { parseEncoding } from './parse-weight-encoding.js';

/** Pixels of a side; six tiles of 384 are usual. */
const PINPOINT = { min: 1, max: 1 << 16 };

/** @throws MODEL_INVALID naming the first field that is missing, of another type or out of range. */
export function parseVision(json: JsonObject): VisionManifest {
  const tokens = checkObject(json['tokens'], 'vision.tokens');
  return {
    imageSize: checkInteger(json['imageSize'], 'vision.imageSize', PIXELS),
    patchSize: checkInteger(json['patchSize'], 'vision.patchSize', PIXELS),
    patchesPerSide: checkInteger(json['patchesPerSide'], 'vision.patchesPerSide', PIXELS),
    hiddenSize: checkInteger(json['hiddenSize'], 'vision.hiddenSize', WIDTH),
    layers: checkInteger(json['layers'], 'vision.layers', { ...LAYERS, min: 0 }),
    encoding: parseEncoding(json['encoding'], 'vision.encoding'),
    imageProcessor: parseImageProcessor(
      checkObject(json['imageProcessor'], 'vision.imageProcessor'),
    ),
    tokens: {
      image: checkInteger(tokens['image'], 'vision.tokens.image', TOKEN),
      video: checkInteger(tokens['video'], 'vision.tokens.video', TOKEN),
    },
  };
}

function parseImageProcessor(json: JsonObject): ImageProcessorConfig {
  const label = 'vision.imageProcessor';
  const cap = json['maxTilesCap'];
  return {
    tileSize: parseSize(json['tileSize'], `${label}.tileSize`),
    mean: parseTriple(json['mean'], `${label}.mean`, { min: -1e6, max: 1e6 }),
    std: parseTriple(json['std'], `${label}.std`, FACTOR),
    rescaleFactor: checkNumber(json['rescaleFactor'], `${label}.rescaleFactor`, FACTOR),
    imageGridPinpoints: checkList(
      json['imageGridPinpoints'],
      `${label}.imageGridPinpoints`,
      1024,
      parseSize,
    ),
    maxTilesCap: cap === null ? null : checkInteger(cap, `${label}.maxTilesCap`, PIXELS),
  };
}

function parseSize(value: unknown, label: string): { width: number; height: number } {
  const json = checkObject(value, label);
  return {
    width: checkInteger(json['width'], `${label}.width`, PINPOINT),
    height: checkInteger(json['height'], `${label}.height`, PINPOINT),
  };
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
    throw invalidModel(`${label} must hold three numbers`);
  }
  return [red, green, blue];
}
