import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import {
  type JsonObject,
  checkObject,
  parseJsonObject,
  checkString,
} from '../../package/json-fields.js';
import { invalidCheckpoint } from '../../package/invalid-model.js';
import { type ModelCard, parseModelCard } from '../../package/model-card.js';
import { createHash } from 'node:crypto';
import { hashFile } from '../../package/file-hash.js';
import { type ChatTemplateFile, findChatTemplate } from './chat-template-files.js';

/** The files of a checkpoint except the weights. */
export interface CheckpointFiles {
  readonly config: JsonObject;
  /** `{}` if the checkpoint has no generation_config.json. */
  readonly generation: JsonObject;
  /** `processor_config.json`; `{}` if the checkpoint has none. */
  readonly processor: JsonObject;
  /** `null` if the checkpoint has none (text models). */
  readonly imageProcessor: ProcessorFile | null;
  /** `null` if the checkpoint has none. */
  readonly videoProcessor: ProcessorFile | null;
  readonly tokenizer: Uint8Array;
  /** `{}` if the checkpoint has no tokenizer_config.json. */
  readonly tokenizerConfig: Uint8Array;
  /** special_tokens_map.json; `{}` if the checkpoint has none. */
  readonly specialTokensMap: JsonObject;
  /** null if the checkpoint has none (base models). */
  readonly chatTemplate: ChatTemplateFile | null;
  readonly card: ModelCard;
  /** Name of the folder. */
  readonly name: string;
}

/** The settings of an image or video processor. */
interface ProcessorFile {
  /** The file that contains them. */
  readonly file: string;
  readonly json: JsonObject;
}

export const PROCESSOR_FILE = 'processor_config.json';
const IMAGE_PROCESSOR_FILE = 'preprocessor_config.json';

/**
 * Files of a video processor: of transformers 4.52 to 4.57, and of 4.45 to 4.51. Without either, the settings of the
 * image processor hold for videos too.
 */
const VIDEO_PROCESSOR_FILES = [
  'video_preprocessor_config.json',
  'video_processor/preprocessor_config.json',
  IMAGE_PROCESSOR_FILE,
];

const CARDS = ['README.md', 'MODEL_CARD.md'];

/** 128 MiB. The largest known tokenizer has 37 MB. */
const MAX_BYTES = 128 << 20;

/** Loads all files except the weights. @throws MODEL_INVALID if a required file is missing or malformed. */
export async function readCheckpointFiles(directory: string): Promise<CheckpointFiles> {
  const read = (name: string) => readOptional(join(directory, name));
  const required = async (name: string): Promise<Uint8Array> => {
    const bytes = await read(name);
    if (!bytes) throw invalidCheckpoint(name, 'the file is missing');
    return bytes;
  };
  const json = async (name: string): Promise<JsonObject> => {
    const bytes = await read(name);
    return bytes ? parseJsonObject(bytes, name) : {};
  };
  const config = parseJsonObject(await required('config.json'), 'config.json');
  const tokenizerConfig = (await read('tokenizer_config.json')) ?? Buffer.from('{}');
  const processor = await json(PROCESSOR_FILE);
  const chatTemplate = findChatTemplate(
    {
      jinja: await read('chat_template.jinja'),
      additional: await readAdditionalTemplates(directory),
      legacy: await json('chat_template.json'),
      processorConfig: processor,
      tokenizerConfig: parseJsonObject(tokenizerConfig, 'tokenizer_config.json'),
    },
    config['vision_config'] === undefined ? 'text' : 'vision',
  );
  return {
    config,
    generation: await json('generation_config.json'),
    processor,
    imageProcessor:
      findProcessorPart(processor, 'image_processor') ??
      (await readFirst(read, [IMAGE_PROCESSOR_FILE])),
    videoProcessor:
      findProcessorPart(processor, 'video_processor') ??
      (await readFirst(read, VIDEO_PROCESSOR_FILES)),
    tokenizer: await required('tokenizer.json'),
    tokenizerConfig,
    specialTokensMap: await json('special_tokens_map.json'),
    chatTemplate,
    card: await readModelCard(directory),
    name: basename(resolve(directory)),
  };
}

/** An image or video processor in processor_config.json: transformers 5 has it there, and reads it first. */
function findProcessorPart(processor: JsonObject, name: string): ProcessorFile | null {
  const part = processor[name] ?? null;
  return part === null ? null : { file: PROCESSOR_FILE, json: checkObject(part, name) };
}

/** The first of the files that exists. */
async function readFirst(
  read: (name: string) => Promise<Uint8Array | undefined>,
  files: readonly string[],
): Promise<ProcessorFile | null> {
  for (const file of files) {
    const bytes = await read(file);
    if (bytes) return { file, json: parseJsonObject(bytes, file) };
  }
  return null;
}

/** Templates in the folder additional_chat_templates of newer checkpoints, by name. */
async function readAdditionalTemplates(directory: string): Promise<Map<string, Uint8Array>> {
  const folder = join(directory, 'additional_chat_templates');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.jinja'));
  const templates = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await readOptional(join(folder, name));
    if (bytes) templates.set(name.replace(/\.jinja$/, ''), bytes);
  }
  return templates;
}

/** The first model card that has front matter; see `parseModelCard`. */
async function readModelCard(directory: string): Promise<ModelCard> {
  for (const name of CARDS) {
    const bytes = await readOptional(join(directory, name));
    const card = bytes && parseModelCard(new TextDecoder().decode(bytes));
    if (card && (card.licence !== 'unknown' || card.languages !== null)) return card;
  }
  return parseModelCard('');
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile()) return undefined;
  if (file.size > MAX_BYTES) {
    throw invalidCheckpoint(basename(path), `the file has ${file.size} bytes (limit ${MAX_BYTES})`);
  }
  return readFile(path);
}

export const SINGLE_FILE = 'model.safetensors';
export const WEIGHT_INDEX_FILE = 'model.safetensors.index.json';
const MAX_INDEX_BYTES = 16 << 20;
const MAX_SHARDS = 1000;
const WEIGHT_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/;

/** Files besides the weights that define a model. The model card does not: rewording it does not change the model. */
export const SMALL_FILES = [
  'chat_template.jinja',
  'chat_template.json',
  'config.json',
  'generation_config.json',
  PROCESSOR_FILE,
  ...VIDEO_PROCESSOR_FILES,
  'special_tokens_map.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

/**
 * Content hash of a checkpoint: SHA-256 in hex over the lines `NAME HASH` of all files that define the model, sorted by
 * name.
 *
 * @param hashes SHA-256 in hex by file name; other files are ignored.
 */
export function computeRevision(hashes: ReadonlyMap<string, string>): string {
  return hashLines([...hashes].filter(([name]) => isPartOfModel(name)));
}

/** SHA-256 in hex over the lines `NAME HASH`, sorted by name. */
export function hashLines(hashes: readonly (readonly [name: string, hash: string])[]): string {
  const revision = createHash('sha256');
  const byName = new Map(hashes);
  for (const name of [...byName.keys()].sort()) {
    revision.update(`${name} ${byName.get(name) ?? ''}\n`);
  }
  return revision.digest('hex');
}

/** `computeRevision` of a folder. Hashes all files, weights included. @throws MODEL_INVALID if there are no weights */
export async function computeFolderRevision(directory: string): Promise<string> {
  const weights = [WEIGHT_INDEX_FILE, ...(await listWeightFiles(directory))];
  const hashes = new Map<string, string>();
  for (const name of new Set([...SMALL_FILES, ...weights])) {
    if (!(await isFile(join(directory, name)))) continue;
    hashes.set(name, (await hashFile(join(directory, name), 'follow')).sha256);
  }
  return computeRevision(hashes);
}

/**
 * Names of a checkpoint's weight files: `model.safetensors`, or the shards in `model.safetensors.index.json`.
 *
 * @throws MODEL_INVALID if there are none or the index is invalid.
 */
export async function listWeightFiles(directory: string): Promise<string[]> {
  if (await isFile(join(directory, SINGLE_FILE))) return [SINGLE_FILE];
  const path = join(directory, WEIGHT_INDEX_FILE);
  if (!(await isFile(path)) || (await stat(path)).size > MAX_INDEX_BYTES) {
    throw invalidCheckpoint(
      null,
      `the folder contains neither ${SINGLE_FILE} nor ${WEIGHT_INDEX_FILE} (up to ${MAX_INDEX_BYTES} bytes)`,
    );
  }
  return [...new Set(parseWeightIndex(await readFile(path)).values())].sort();
}

/**
 * Parses `model.safetensors.index.json`.
 *
 * @returns file name by tensor name.
 * @throws MODEL_INVALID if a value is not a plain `.safetensors` file name, or the index lists no or more than 1000
 *   files.
 */
export function parseWeightIndex(bytes: Uint8Array): Map<string, string> {
  const index = parseJsonObject(bytes, WEIGHT_INDEX_FILE);
  const map = checkObject(index['weight_map'], `weight_map in ${WEIGHT_INDEX_FILE}`);
  const files = new Map<string, string>();
  for (const [name, value] of Object.entries(map)) {
    const file = checkString(value, `each file name in ${WEIGHT_INDEX_FILE}`, 128);
    if (!WEIGHT_FILE.test(file)) {
      throw invalidCheckpoint(WEIGHT_INDEX_FILE, 'it lists a file that is not named *.safetensors');
    }
    files.set(name, file);
  }
  const count = new Set(files.values()).size;
  if (count === 0 || count > MAX_SHARDS) {
    throw invalidCheckpoint(
      WEIGHT_INDEX_FILE,
      `it must list 1 to ${MAX_SHARDS} weight files, found ${count}`,
    );
  }
  return files;
}

function isPartOfModel(name: string): boolean {
  return SMALL_FILES.includes(name) || name === WEIGHT_INDEX_FILE || WEIGHT_FILE.test(name);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
