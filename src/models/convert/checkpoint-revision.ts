import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { checkObject, checkString, parseJsonObject } from '../package/checked-json.js';
import { recordFile } from '../package/file-record.js';
import { invalidModel } from '../package/invalid-model.js';

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
    hashes.set(name, (await recordFile(join(directory, name), 'follow')).sha256);
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
