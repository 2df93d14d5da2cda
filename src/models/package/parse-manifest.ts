import {
  type JsonObject,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
} from './checked-json.js';
import {
  checkFileName,
  checkHex,
  checkText,
  TOKEN,
  VOCABULARY,
  WIDTH,
} from './checked-manifest-value.js';
import { checkConsistency } from './check-manifest-consistency.js';
import { checkModelId } from './home.js';
import { invalidModel } from './invalid-model.js';
import {
  type FileRecord,
  type HubSource,
  type ManifestContent,
  type ModelManifest,
  MAX_FILE_BYTES,
  PACKAGE_FILES,
  PRECISIONS,
} from './manifest.js';
import { parseDecoder } from './parse-decoder-manifest.js';
import { parseGeneration } from './parse-generation-defaults.js';
import { parseVision } from './parse-vision-manifest.js';

/** Owner and name, as Hugging Face has them. */
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

/**
 * Checks every field of a manifest but its digest and drops what is not one. The fields of the result stand in
 * one fixed order, and its files in the order of their names.
 *
 * @throws MODEL_INVALID naming the first field that is missing, of another type or out of range.
 */
export function parseManifest(json: unknown): ManifestContent {
  const root = checkObject(json, 'manifest');
  if ([1, 2, 3].some((version) => root['formatVersion'] === version)) {
    throw invalidModel('its package was made by an earlier version; it has to be converted again');
  }
  const manifest: ManifestContent = {
    formatVersion: checkOneOf(root['formatVersion'], 'formatVersion', [4]),
    id: checkModelId(root['id']),
    source: parseSource(checkObject(root['source'], 'source')),
    precision: checkOneOf(root['precision'], 'precision', PRECISIONS),
    vision: root['vision'] === null ? null : parseVision(checkObject(root['vision'], 'vision')),
    decoder: parseDecoder(checkObject(root['decoder'], 'decoder')),
    tokens: parseTokens(checkObject(root['tokens'], 'tokens')),
    embeddings: parseEmbeddings(checkObject(root['embeddings'], 'embeddings')),
    generation: parseGeneration(checkObject(root['generation'], 'generation')),
    files: parseFiles(checkObject(root['files'], 'files')),
  };
  checkConsistency(manifest);
  return manifest;
}

function parseSource(json: JsonObject): ModelManifest['source'] {
  const hub = json['hub'];
  return {
    architecture: checkText(json['architecture'], 'source.architecture'),
    name: checkText(json['name'], 'source.name'),
    licence: checkText(json['licence'], 'source.licence'),
    revision: checkHex(json['revision'], 'source.revision', 64),
    hub: hub === null ? null : parseHub(checkObject(hub, 'source.hub')),
  };
}

function parseHub(json: JsonObject): HubSource {
  const repository = checkText(json['repository'], 'source.hub.repository');
  if (!REPOSITORY.test(repository)) {
    throw invalidModel('source.hub.repository must be an owner and a name');
  }
  return { repository, commit: checkHex(json['commit'], 'source.hub.commit', 40) };
}

function parseTokens(json: JsonObject): ModelManifest['tokens'] {
  const token = (value: unknown, label: string) => checkInteger(value, label, TOKEN);
  return {
    bos: json['bos'] === null ? null : token(json['bos'], 'tokens.bos'),
    eos: checkList(json['eos'], 'tokens.eos', 64, token),
    pad: json['pad'] === null ? null : token(json['pad'], 'tokens.pad'),
  };
}

function parseEmbeddings(json: JsonObject): ModelManifest['embeddings'] {
  return {
    file: checkOneOf(json['file'], 'embeddings.file', [PACKAGE_FILES.tokenEmbeddings]),
    dtype: checkOneOf(json['dtype'], 'embeddings.dtype', ['float32', 'int8']),
    rows: checkInteger(json['rows'], 'embeddings.rows', VOCABULARY),
    columns: checkInteger(json['columns'], 'embeddings.columns', WIDTH),
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
