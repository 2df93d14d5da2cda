import {
  type JsonObject,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkObject,
  checkOneOf,
} from './checked-json.js';
import { FACTOR, HEADS, LAYERS, POSITIONS, VOCABULARY, WIDTH } from './checked-manifest-value.js';
import { type DecoderManifest, type RopeScaling, PACKAGE_FILES } from './manifest.js';
import { parseEncoding } from './parse-weight-encoding.js';

/** @throws MODEL_INVALID naming the first field that is missing, of another type or out of range. */
export function parseDecoder(json: JsonObject): DecoderManifest {
  const scaling = json['ropeScaling'];
  const prefill = json['prefill'];
  const headRows = json['headRows'];
  return {
    hiddenSize: checkInteger(json['hiddenSize'], 'decoder.hiddenSize', WIDTH),
    layers: checkInteger(json['layers'], 'decoder.layers', LAYERS),
    attentionHeads: checkInteger(json['attentionHeads'], 'decoder.attentionHeads', HEADS),
    keyValueHeads: checkInteger(json['keyValueHeads'], 'decoder.keyValueHeads', HEADS),
    headDim: checkInteger(json['headDim'], 'decoder.headDim', HEADS),
    intermediateSize: checkInteger(json['intermediateSize'], 'decoder.intermediateSize', WIDTH),
    vocabularySize: checkInteger(json['vocabularySize'], 'decoder.vocabularySize', VOCABULARY),
    maxPositions: checkInteger(json['maxPositions'], 'decoder.maxPositions', POSITIONS),
    ropeTheta: checkNumber(json['ropeTheta'], 'decoder.ropeTheta', FACTOR),
    ropeScaling:
      scaling === null ? null : parseRopeScaling(checkObject(scaling, 'decoder.ropeScaling')),
    encoding: parseEncoding(json['encoding'], 'decoder.encoding'),
    head: parseEncoding(json['head'], 'decoder.head'),
    headRows:
      headRows === null
        ? null
        : checkOneOf(headRows, 'decoder.headRows', [
            PACKAGE_FILES.headRows,
            PACKAGE_FILES.tokenEmbeddings,
          ]),
    prefill: prefill === null ? null : parseEncoding(prefill, 'decoder.prefill'),
    cache: checkOneOf(json['cache'], 'decoder.cache', ['float32', 'int8-rows']),
  };
}

function parseRopeScaling(json: JsonObject): RopeScaling {
  const label = (name: string) => `decoder.ropeScaling.${name}`;
  const number = (name: string) => checkNumber(json[name], label(name), FACTOR);
  const positions = (name: string) => checkInteger(json[name], label(name), POSITIONS);
  const type = checkOneOf(json['type'], label('type'), ['linear', 'llama3', 'yarn']);
  const factor = number('factor');
  switch (type) {
    case 'linear':
      return { type, factor };
    case 'llama3':
      return {
        type,
        factor,
        lowFreqFactor: number('lowFreqFactor'),
        highFreqFactor: number('highFreqFactor'),
        originalMaxPositions: positions('originalMaxPositions'),
      };
    case 'yarn':
      return {
        type,
        factor,
        originalMaxPositions: positions('originalMaxPositions'),
        attentionFactor: number('attentionFactor'),
        betaFast: number('betaFast'),
        betaSlow: number('betaSlow'),
        truncate: checkBoolean(json['truncate'], label('truncate')),
      };
  }
}
