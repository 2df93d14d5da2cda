import {
  type JsonObject,
  checkHex,
  checkInteger,
  checkItems,
  checkList,
  checkObject,
  checkOneOf,
  checkNumber,
  checkBoolean,
  checkString,
} from './json-fields.js';
import { checkConsistency } from './manifest-consistency.js';
import { checkModelId } from './home-folders.js';
import { invalidModel } from './invalid-model.js';
import { parseGenerationDefaults } from './parse-generation-defaults.js';
import {
  type AdapterSource,
  type FileRecord,
  type HubSource,
  type ManifestContent,
  type ModelManifest,
  MAX_FILE_BYTES,
  PACKAGE_FILES,
  PRECISIONS,
  type DecoderManifest,
  type RopeScaling,
} from './manifest.js';
import { FACTOR, HEADS, LAYERS, POSITIONS, TOKEN, VOCABULARY, WIDTH } from './manifest-limits.js';
import { parseEncoding } from './parse-encoding.js';
import { parseVisionManifest } from './parse-vision-manifest.js';

/** Several times the languages of the largest known model. */
const MAX_LANGUAGES = 500;
const LANGUAGE_TAG = /^[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,6}$/;

/** `OWNER/NAME`, the characters that Hugging Face allows. */
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

/**
 * Validates all fields of a manifest except `digest` and drops unknown fields. The result has a fixed field order, its
 * files are sorted by name: the digest depends on both.
 *
 * @throws MODEL_INVALID naming the first field that is missing, of the wrong type or out of range.
 */
export function parseManifest(json: unknown): ManifestContent {
  const root = checkObject(json, 'manifest');
  if ([1, 2, 3, 4].some((version) => root['formatVersion'] === version)) {
    throw invalidModel(
      `formatVersion ${String(root['formatVersion'])} is not supported any more (current version: 5)`,
    );
  }
  const manifest: ManifestContent = {
    formatVersion: checkOneOf(root['formatVersion'], 'formatVersion', [5]),
    id: checkModelId(root['id']),
    source: parseSource(checkObject(root['source'], 'source')),
    precision: checkOneOf(root['precision'], 'precision', PRECISIONS),
    vision:
      root['vision'] === null ? null : parseVisionManifest(checkObject(root['vision'], 'vision')),
    decoder: parseDecoder(checkObject(root['decoder'], 'decoder')),
    tokens: parseTokens(checkObject(root['tokens'], 'tokens')),
    embeddings: parseEmbeddings(checkObject(root['embeddings'], 'embeddings')),
    generation: parseGenerationDefaults(checkObject(root['generation'], 'generation')),
    languages: root['languages'] === null ? null : parseLanguages(root['languages']),
    files: parseFiles(checkObject(root['files'], 'files')),
  };
  checkConsistency(manifest);
  return manifest;
}

function parseSource(json: JsonObject): ModelManifest['source'] {
  const { hub, adapter } = json;
  return {
    architecture: checkText(json['architecture'], 'source.architecture'),
    name: checkText(json['name'], 'source.name'),
    licence: checkText(json['licence'], 'source.licence'),
    revision: checkHex(json['revision'], 'source.revision', 64),
    adapter: adapter === null ? null : parseAdapter(checkObject(adapter, 'source.adapter')),
    hub: hub === null ? null : parseHub(checkObject(hub, 'source.hub')),
  };
}

function parseAdapter(json: JsonObject): AdapterSource {
  return {
    name: checkText(json['name'], 'source.adapter.name'),
    revision: checkHex(json['revision'], 'source.adapter.revision', 64),
  };
}

function parseHub(json: JsonObject): HubSource {
  const repository = checkText(json['repository'], 'source.hub.repository');
  if (!REPOSITORY.test(repository)) {
    throw invalidModel('source.hub.repository must be OWNER/NAME');
  }
  return { repository, commit: checkHex(json['commit'], 'source.hub.commit', 40) };
}

function parseTokens(json: JsonObject): ModelManifest['tokens'] {
  const token = (value: unknown, label: string) => checkInteger(value, label, TOKEN);
  return {
    bos: json['bos'] === null ? null : token(json['bos'], 'tokens.bos'),
    eos: checkItems(json['eos'], 'tokens.eos', 64, token),
    pad: json['pad'] === null ? null : token(json['pad'], 'tokens.pad'),
  };
}

function parseEmbeddings(json: JsonObject): ModelManifest['embeddings'] {
  return {
    file: checkOneOf(json['file'], 'embeddings.file', [PACKAGE_FILES.tokenEmbeddings]),
    dtype: checkOneOf(json['dtype'], 'embeddings.dtype', ['float32', 'int8']),
    rows: checkInteger(json['rows'], 'embeddings.rows', VOCABULARY),
    columns: checkInteger(json['columns'], 'embeddings.columns', WIDTH),
    scale: checkNumber(json['scale'], 'embeddings.scale', FACTOR),
  };
}

function parseFiles(json: JsonObject): Record<string, FileRecord> {
  return Object.fromEntries(
    Object.keys(json)
      .sort()
      .map((name) => {
        checkFileName(name, 'files');
        const record = checkObject(json[name], name);
        return [
          name,
          {
            bytes: checkInteger(record['bytes'], `${name}.bytes`, { min: 0, max: maxBytes(name) }),
            sha256: checkHex(record['sha256'], `${name}.sha256`, 64),
          },
        ];
      }),
  );
}

function maxBytes(name: string): number {
  const limited = Object.entries(MAX_FILE_BYTES);
  const limit = limited.find(
    ([file]) => PACKAGE_FILES[file as keyof typeof PACKAGE_FILES] === name,
  );
  return limit?.[1] ?? Number.MAX_SAFE_INTEGER;
}

function parseDecoder(json: JsonObject): DecoderManifest {
  const scaling = json['ropeScaling'];
  const softcap = json['logitSoftcap'];
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
    logitSoftcap: softcap === null ? null : checkNumber(softcap, 'decoder.logitSoftcap', FACTOR),
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
  const type = checkOneOf(json['type'], label('type'), ['linear', 'llama3', 'yarn', 'longrope']);
  switch (type) {
    case 'linear':
      return { type, factor: number('factor') };
    case 'llama3':
      return {
        type,
        factor: number('factor'),
        lowFreqFactor: number('lowFreqFactor'),
        highFreqFactor: number('highFreqFactor'),
        originalMaxPositions: positions('originalMaxPositions'),
      };
    case 'yarn':
      return {
        type,
        factor: number('factor'),
        originalMaxPositions: positions('originalMaxPositions'),
        attentionFactor: number('attentionFactor'),
        betaFast: number('betaFast'),
        betaSlow: number('betaSlow'),
        truncate: checkBoolean(json['truncate'], label('truncate')),
      };
    case 'longrope':
      return {
        type,
        factors: checkList(json['factors'], label('factors'), HEADS.max, (item, name) =>
          checkNumber(item, name, FACTOR),
        ),
        attentionFactor: number('attentionFactor'),
      };
  }
}

function parseLanguages(value: unknown): string[] {
  const tags = checkList(value, 'languages', MAX_LANGUAGES, (item, label) => {
    const tag = checkString(item, label, 64);
    if (!LANGUAGE_TAG.test(tag)) throw invalidModel(`${label} must be a lower-case BCP 47 tag`);
    return tag;
  });
  if (tags.length === 0) throw invalidModel('languages must be null or name a language');
  return tags;
}

/** 1 to 256 characters without control characters: the text is printed in terminals. */
function checkText(value: unknown, label: string): string {
  const text = checkString(value, label, 256);
  if (/\p{C}/u.test(text)) throw invalidModel(`${label} must not contain control characters`);
  return text;
}

function checkFileName(name: string, label: string): string {
  return checkOneOf(name, `each name in ${label}`, Object.values(PACKAGE_FILES));
}
