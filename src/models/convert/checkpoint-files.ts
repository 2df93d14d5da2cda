import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { type JsonObject, checkObject, parseJsonObject } from '../package/checked-json.js';
import { invalidModel } from '../package/invalid-model.js';

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
