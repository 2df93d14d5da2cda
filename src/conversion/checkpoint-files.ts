import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import type { JsonObject } from '../model-store/checked-json.js';
import { checkObject, parseJsonObject } from '../model-store/checked-json.js';
import { recordFile } from '../model-store/file-record.js';
import { invalidModel } from '../model-store/invalid-model.js';
import { listWeightFiles } from './checkpoint-tensors.js';

/** The small files of a checkpoint, read and parsed. */
export interface CheckpointFiles {
  readonly config: JsonObject;
  /** Empty where the checkpoint has none. */
  readonly generation: JsonObject;
  readonly imageProcessor: JsonObject;
  readonly tokenizer: Uint8Array;
  readonly tokenizerConfig: Uint8Array;
  /** Jinja. */
  readonly chatTemplate: string;
  /** From the card's front matter, or `unknown`. */
  readonly licence: string;
  /** The folder's name. */
  readonly name: string;
}

const CARDS = ['README.md', 'MODEL_CARD.md'];
const OPTIONAL_FILES = [
  'generation_config.json',
  'processor_config.json',
  'preprocessor_config.json',
  'chat_template.jinja',
  'chat_template.json',
];
const REQUIRED_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];

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
    parseJsonObject(tokenizerConfig, 'tokenizer_config.json')['chat_template'];
  const text = template instanceof Uint8Array ? new TextDecoder().decode(template) : template;
  if (typeof text !== 'string') throw invalidModel('the checkpoint lacks a chat template');
  // As in transformers, the processor's own file comes first when it holds an image processor.
  const nested = (await json('processor_config.json'))['image_processor'];
  return {
    config: parseJsonObject(await required('config.json'), 'config.json'),
    generation: await json('generation_config.json'),
    imageProcessor:
      nested === undefined
        ? parseJsonObject(await required('preprocessor_config.json'), 'preprocessor_config.json')
        : checkObject(nested, 'image_processor'),
    tokenizer: await required('tokenizer.json'),
    tokenizerConfig,
    chatTemplate: text,
    licence: await readLicence(directory),
    name: basename(resolve(directory)),
  };
}

/**
 * Identifies a checkpoint by content: SHA-256 over a line `name hash` for each file that makes the model what it is,
 * in the order of their names. A card may be reworded, and may tell what this very revision scores.
 */
export async function computeRevision(directory: string): Promise<string> {
  const names = [...REQUIRED_FILES, ...OPTIONAL_FILES, ...(await listWeightFiles(directory))];
  const revision = createHash('sha256');
  for (const name of names.sort()) {
    const path = join(directory, name);
    if (!(await isFile(path))) continue;
    revision.update(`${name} ${(await recordFile(path, 'follow')).sha256}\n`);
  }
  return revision.digest('hex');
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
  if (!(await isFile(path))) return undefined;
  if ((await stat(path)).size > MAX_BYTES)
    throw invalidModel('a file of the checkpoint is too large');
  return readFile(path);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
