import { readFile, stat, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import {
  type JsonObject,
  checkObject,
  parseJsonObject,
  checkString,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import { createHash } from 'node:crypto';
import { hashFile } from '../../package/file-hash.js';

/** The small files of a checkpoint, read and parsed. */
export interface CheckpointFiles {
  readonly config: JsonObject;
  /** Empty where the checkpoint has none. */
  readonly generation: JsonObject;
  /** Null for a model that reads text alone. */
  readonly imageProcessor: JsonObject | null;
  readonly tokenizer: Uint8Array;
  readonly tokenizerConfig: Uint8Array;
  /** Jinja; null for a model that was not trained to chat. */
  readonly chatTemplate: string | null;
  /** From the card's front matter, or `unknown`. */
  readonly licence: string;
  /** The folder's name. */
  readonly name: string;
}

const CARDS = ['README.md', 'MODEL_CARD.md'];

/** The largest tokenizer known takes 37 MB. */
const MAX_BYTES = 128 << 20;

/** Reads everything but the weights. @throws MODEL_INVALID when a file is missing or malformed. */
export async function readCheckpointFiles(directory: string): Promise<CheckpointFiles> {
  const read = (name: string) => readOptional(join(directory, name));
  const required = async (name: string): Promise<Uint8Array> => {
    const bytes = await read(name);
    if (!bytes) throw invalidModel(`the checkpoint lacks ${name}`);
    return bytes;
  };
  const json = async (name: string): Promise<JsonObject> => {
    const bytes = await read(name);
    return bytes ? parseJsonObject(bytes, name) : {};
  };
  const tokenizerConfig = await required('tokenizer_config.json');
  const template =
    (await read('chat_template.jinja')) ??
    (await json('chat_template.json'))['chat_template'] ??
    parseJsonObject(tokenizerConfig, 'tokenizer_config.json')['chat_template'] ??
    null;
  const text = template instanceof Uint8Array ? new TextDecoder().decode(template) : template;
  if (text !== null && (typeof text !== 'string' || text === '')) {
    throw invalidModel('the chat template is not one text');
  }
  // As in transformers, the processor's own file comes first when it holds an image processor.
  const nested = (await json('processor_config.json'))['image_processor'];
  const processor = await read('preprocessor_config.json');
  return {
    config: parseJsonObject(await required('config.json'), 'config.json'),
    generation: await json('generation_config.json'),
    imageProcessor:
      nested === undefined
        ? processor
          ? parseJsonObject(processor, 'preprocessor_config.json')
          : null
        : checkObject(nested, 'image_processor'),
    tokenizer: await required('tokenizer.json'),
    tokenizerConfig,
    chatTemplate: text,
    licence: await readLicence(directory),
    name: basename(resolve(directory)),
  };
}

/** Reads `license:` from the YAML between the dashes at the top of a card. */
export function parseLicence(card: string): string | undefined {
  const frontMatter = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1];
  const value = /^license:[ \t]*["']?([A-Za-z0-9][\w .+-]{0,63}?)["']?[ \t]*$/m.exec(
    frontMatter ?? '',
  );
  return value?.[1];
}

async function readLicence(directory: string): Promise<string> {
  for (const name of CARDS) {
    const bytes = await readOptional(join(directory, name));
    const licence = bytes && parseLicence(new TextDecoder().decode(bytes));
    if (licence) return licence;
  }
  return 'unknown';
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile()) return undefined;
  if (file.size > MAX_BYTES) throw invalidModel('a file of the checkpoint is too large');
  return readFile(path);
}

export const SINGLE_FILE = 'model.safetensors';
export const WEIGHT_INDEX_FILE = 'model.safetensors.index.json';
const MAX_INDEX_BYTES = 16 << 20;
const MAX_SHARDS = 1000;
const WEIGHT_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/;

/** The small files that make a model what it is. A card may be reworded, so it is none of them. */
export const SMALL_FILES = [
  'chat_template.jinja',
  'chat_template.json',
  'config.json',
  'generation_config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

/**
 * Identifies a checkpoint by content: SHA-256 over a line `name hash` for each file that makes the model what it
 * is, in the order of their names.
 *
 * @param hashes SHA-256 in hex by file name; files that are no part of the model do not count.
 */
export function computeRevision(hashes: ReadonlyMap<string, string>): string {
  const revision = createHash('sha256');
  for (const name of [...hashes.keys()].filter(isPartOfModel).sort()) {
    revision.update(`${name} ${hashes.get(name) ?? ''}\n`);
  }
  return revision.digest('hex');
}

/** The same of a folder, whose files are all read. @throws MODEL_INVALID when it holds no weights */
export async function computeFolderRevision(directory: string): Promise<string> {
  const weights = [WEIGHT_INDEX_FILE, ...(await listWeightFiles(directory))];
  const hashes = new Map<string, string>();
  for (const name of await readdir(directory)) {
    if (!SMALL_FILES.includes(name) && !weights.includes(name)) continue;
    hashes.set(name, (await hashFile(join(directory, name), 'follow')).sha256);
  }
  return computeRevision(hashes);
}

/**
 * The names of the files that hold a folder's weights: one file, or the shards of an index.
 *
 * @throws MODEL_INVALID when there are none or the index names something that is no plain file name.
 */
export async function listWeightFiles(directory: string): Promise<string[]> {
  if (await isFile(join(directory, SINGLE_FILE))) return [SINGLE_FILE];
  const path = join(directory, WEIGHT_INDEX_FILE);
  if (!(await isFile(path)) || (await stat(path)).size > MAX_INDEX_BYTES) {
    throw invalidModel('the checkpoint holds no safetensors weights');
  }
  return [...new Set(parseWeightIndex(await readFile(path)).values())].sort();
}

/**
 * Reads `model.safetensors.index.json`: the file of each tensor, by the name that the file has for it.
 *
 * @throws MODEL_INVALID when it names something that is no plain file name.
 */
export function parseWeightIndex(bytes: Uint8Array): Map<string, string> {
  const map = checkObject(
    parseJsonObject(bytes, WEIGHT_INDEX_FILE)['weight_map'],
    WEIGHT_INDEX_FILE,
  );
  const files = new Map<string, string>();
  for (const [name, value] of Object.entries(map)) {
    const file = checkString(value, WEIGHT_INDEX_FILE, 128);
    if (!WEIGHT_FILE.test(file)) throw invalidModel(`${WEIGHT_INDEX_FILE} names no weight files`);
    files.set(name, file);
  }
  const count = new Set(files.values()).size;
  if (count === 0 || count > MAX_SHARDS) {
    throw invalidModel(`${WEIGHT_INDEX_FILE} names no weight files, or too many`);
  }
  return files;
}

function isPartOfModel(name: string): boolean {
  return SMALL_FILES.includes(name) || name === WEIGHT_INDEX_FILE || WEIGHT_FILE.test(name);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
