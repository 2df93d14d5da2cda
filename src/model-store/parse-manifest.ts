import type { JsonObject } from './checked-json.js';
import {
  checkBoolean,
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
  checkString,
} from './checked-json.js';
import { checkModelId } from './home.js';
import { invalidModel } from './invalid-model.js';
import type {
  FileRecord,
  GenerationDefaults,
  ImageProcessorConfig,
  ModelManifest,
  RopeScaling,
} from './manifest.js';
import { MANIFEST_FILE, PACKAGE_FILES } from './manifest.js';

/** Far above every decoder known, far below what would overflow a product of two. */
const SIZE = { min: 1, max: 1 << 24 };
const TOKEN = { min: 0, max: SIZE.max };
const FACTOR = { min: 1e-9, max: 1e9 };
const MAX_TEXT = 256;
const MAX_FILES = 64;

/**
 * Checks every field of a manifest and drops what is not one.
 *
 * @throws MODEL_INVALID naming the first field that is missing, of another type or out of range.
 */
export function parseManifest(json: unknown): ModelManifest {
  const root = checkObject(json, 'manifest');
  checkOneOf(root['formatVersion'], 'formatVersion', [1]);
  const source = checkObject(root['source'], 'source');
  const manifest: ModelManifest = {
    formatVersion: 1,
    id: checkModelId(root['id']),
    source: {
      architecture: checkString(source['architecture'], 'source.architecture', MAX_TEXT),
      revision: checkSha256(source['revision'], 'source.revision'),
      licence: checkString(source['licence'], 'source.licence', MAX_TEXT),
      name: checkString(source['name'], 'source.name', MAX_TEXT),
    },
    precision: checkOneOf(root['precision'], 'precision', ['fp32', 'int8']),
    vision: parseVision(checkObject(root['vision'], 'vision')),
    decoder: parseDecoder(checkObject(root['decoder'], 'decoder')),
    tokens: parseTokens(checkObject(root['tokens'], 'tokens')),
    embeddings: parseEmbeddings(checkObject(root['embeddings'], 'embeddings')),
    imageProcessor: parseImageProcessor(checkObject(root['imageProcessor'], 'imageProcessor')),
    generation: parseGeneration(checkObject(root['generation'], 'generation')),
    files: parseFiles(checkObject(root['files'], 'files')),
  };
  checkConsistency(manifest);
  return manifest;
}

function parseVision(json: JsonObject): ModelManifest['vision'] {
  return {
    imageSize: checkInteger(json['imageSize'], 'vision.imageSize', SIZE),
    patchSize: checkInteger(json['patchSize'], 'vision.patchSize', SIZE),
    patchesPerSide: checkInteger(json['patchesPerSide'], 'vision.patchesPerSide', SIZE),
    hiddenSize: checkInteger(json['hiddenSize'], 'vision.hiddenSize', SIZE),
    layers: checkInteger(json['layers'], 'vision.layers', { min: 0, max: SIZE.max }),
  };
}

function parseDecoder(json: JsonObject): ModelManifest['decoder'] {
  const scaling = json['ropeScaling'];
  return {
    hiddenSize: checkInteger(json['hiddenSize'], 'decoder.hiddenSize', SIZE),
    layers: checkInteger(json['layers'], 'decoder.layers', SIZE),
    attentionHeads: checkInteger(json['attentionHeads'], 'decoder.attentionHeads', SIZE),
    keyValueHeads: checkInteger(json['keyValueHeads'], 'decoder.keyValueHeads', SIZE),
    headDim: checkInteger(json['headDim'], 'decoder.headDim', SIZE),
    vocabularySize: checkInteger(json['vocabularySize'], 'decoder.vocabularySize', SIZE),
    maxPositions: checkInteger(json['maxPositions'], 'decoder.maxPositions', SIZE),
    ropeTheta: checkNumber(json['ropeTheta'], 'decoder.ropeTheta', FACTOR),
    ropeScaling:
      scaling === null ? null : parseRopeScaling(checkObject(scaling, 'decoder.ropeScaling')),
  };
}

function parseRopeScaling(json: JsonObject): RopeScaling {
  return {
    type: checkOneOf(json['type'], 'decoder.ropeScaling.type', ['linear']),
    factor: checkNumber(json['factor'], 'decoder.ropeScaling.factor', FACTOR),
  };
}

function parseTokens(json: JsonObject): ModelManifest['tokens'] {
  const token = (value: unknown, label: string) => checkInteger(value, label, TOKEN);
  return {
    bos: json['bos'] === null ? null : token(json['bos'], 'tokens.bos'),
    eos: checkList(json['eos'], 'tokens.eos', 64, token),
    pad: json['pad'] === null ? null : token(json['pad'], 'tokens.pad'),
    image: token(json['image'], 'tokens.image'),
    video: token(json['video'], 'tokens.video'),
  };
}

function parseEmbeddings(json: JsonObject): ModelManifest['embeddings'] {
  return {
    file: checkFileName(json['file'], 'embeddings.file'),
    dtype: checkOneOf(json['dtype'], 'embeddings.dtype', ['float32', 'float16']),
    rows: checkInteger(json['rows'], 'embeddings.rows', SIZE),
    columns: checkInteger(json['columns'], 'embeddings.columns', SIZE),
  };
}

function parseImageProcessor(json: JsonObject): ImageProcessorConfig {
  const cap = json['maxTilesCap'];
  const number = (value: unknown, label: string) =>
    checkNumber(value, label, { min: -1e6, max: 1e6 });
  return {
    tileSize: parseSize(json['tileSize'], 'imageProcessor.tileSize'),
    mean: parseTriple(json['mean'], 'imageProcessor.mean', number),
    std: parseTriple(json['std'], 'imageProcessor.std', (value, label) =>
      checkNumber(value, label, FACTOR),
    ),
    rescaleFactor: checkNumber(json['rescaleFactor'], 'imageProcessor.rescaleFactor', FACTOR),
    imageGridPinpoints: checkList(
      json['imageGridPinpoints'],
      'imageProcessor.imageGridPinpoints',
      1024,
      parseSize,
    ),
    maxTilesCap: cap === null ? null : checkInteger(cap, 'imageProcessor.maxTilesCap', SIZE),
  };
}

function parseSize(value: unknown, label: string): { width: number; height: number } {
  const json = checkObject(value, label);
  return {
    width: checkInteger(json['width'], `${label}.width`, SIZE),
    height: checkInteger(json['height'], `${label}.height`, SIZE),
  };
}

function parseTriple(
  value: unknown,
  label: string,
  check: (item: unknown, label: string) => number,
): [number, number, number] {
  const [red, green, blue, ...rest] = checkList(value, label, 3, check);
  if (red === undefined || green === undefined || blue === undefined || rest.length > 0) {
    throw invalidModel(`${label} must hold three numbers`);
  }
  return [red, green, blue];
}

function parseGeneration(json: JsonObject): GenerationDefaults {
  const { temperature, topP, topK, repetitionPenalty, doSample } = json;
  return {
    ...(temperature !== undefined && {
      temperature: checkNumber(temperature, 'generation.temperature', { min: 0, max: 100 }),
    }),
    ...(topP !== undefined && {
      topP: checkNumber(topP, 'generation.topP', { min: 0, max: 1 }),
    }),
    ...(topK !== undefined && {
      topK: checkInteger(topK, 'generation.topK', { min: 0, max: SIZE.max }),
    }),
    ...(repetitionPenalty !== undefined && {
      repetitionPenalty: checkNumber(repetitionPenalty, 'generation.repetitionPenalty', {
        min: 0.01,
        max: 100,
      }),
    }),
    ...(doSample !== undefined && { doSample: checkBoolean(doSample, 'generation.doSample') }),
  };
}

function parseFiles(json: JsonObject): Record<string, FileRecord> {
  const names = Object.keys(json);
  const missing = Object.values(PACKAGE_FILES).filter((name) => !names.includes(name));
  if (missing.length > 0) throw invalidModel(`the manifest does not list ${missing.join(', ')}`);
  if (names.length > MAX_FILES)
    throw invalidModel(`the manifest lists more than ${MAX_FILES} files`);
  return Object.fromEntries(
    names.map((name) => {
      const record = checkObject(json[name], 'files');
      const bytes = { min: 0, max: Number.MAX_SAFE_INTEGER };
      return [
        checkFileName(name, 'files'),
        {
          bytes: checkInteger(record['bytes'], 'files.bytes', bytes),
          sha256: checkSha256(record['sha256'], 'files.sha256'),
        },
      ];
    }),
  );
}

/** A name that stays in its folder on every system: no separator, no drive, no leading dot. */
function checkFileName(value: unknown, label: string): string {
  const name = checkString(value, label, 128);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name === MANIFEST_FILE) {
    throw invalidModel(`${label} holds a name that is not a plain file name`);
  }
  return name;
}

function checkSha256(value: unknown, label: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
    throw invalidModel(`${label} must be a SHA-256 in hex`);
  }
  return value;
}

/** What the fields promise each other; the layers above index with these numbers unchecked. */
function checkConsistency(manifest: ModelManifest): void {
  const { vision, decoder, tokens, embeddings, imageProcessor, files } = manifest;
  const { tileSize, imageGridPinpoints } = imageProcessor;
  const ids = [tokens.bos, ...tokens.eos, tokens.pad, tokens.image, tokens.video];
  const bytesPerValue = embeddings.dtype === 'float32' ? 4 : 2;
  const promises: [boolean, string][] = [
    [vision.patchesPerSide === Math.floor(vision.imageSize / vision.patchSize), 'patches'],
    [tileSize.width === vision.imageSize && tileSize.height === vision.imageSize, 'tile size'],
    [
      imageGridPinpoints.every(
        ({ width, height }) => width % tileSize.width === 0 && height % tileSize.height === 0,
      ),
      'pinpoints',
    ],
    [decoder.attentionHeads % decoder.keyValueHeads === 0, 'attention heads'],
    [decoder.headDim % 2 === 0, 'head dimension'],
    [embeddings.columns === decoder.hiddenSize, 'embedding columns'],
    [embeddings.rows === decoder.vocabularySize, 'embedding rows'],
    [
      files[embeddings.file]?.bytes === embeddings.rows * embeddings.columns * bytesPerValue,
      'embedding file',
    ],
    [files[PACKAGE_FILES.imageNewline]?.bytes === decoder.hiddenSize * 4, 'image newline'],
    [ids.every((id) => id === null || id < decoder.vocabularySize), 'token ids'],
  ];
  const broken = promises.find(([holds]) => !holds);
  if (broken) throw invalidModel(`the manifest contradicts itself about its ${broken[1]}`);
}
