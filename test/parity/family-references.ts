import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tinyTokenizer } from '../tiny-model/tiny-tokenizer.js';
import { readStored, type StoredArray } from './stored-arrays.js';
import { writeWeights } from './shape-checkpoint.js';

/** A synthetic text model and the float32 results of transformers. */
export interface FamilyCase {
  readonly name: string;
  readonly architecture: string;
  /** Fields of config.json. */
  readonly config: Readonly<Record<string, unknown>> & { readonly num_hidden_layers: number };
  /** Shapes by tensor name; `*` stands for the number of each layer. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly ids: readonly number[];
  /** Tokens of the greedy answer. */
  readonly answer: readonly number[];
  /** Logits of the first and the last token of the answer. */
  readonly logits: readonly [StoredArray, StoredArray];
}

export interface FamilyReferences {
  readonly cases: readonly FamilyCase[];
  read(array: StoredArray): Float32Array;
}

const GOLDEN = join(import.meta.dirname, '../golden/families');

/** Reads the references written by models/training/family_references.py. */
export async function loadFamilyReferences(): Promise<FamilyReferences> {
  const text = await readFile(join(GOLDEN, 'references.json'), 'utf8');
  const { formatVersion, cases } = JSON.parse(text) as {
    readonly formatVersion: number;
    readonly cases: readonly FamilyCase[];
  };
  if (formatVersion !== 1) throw new RangeError('The references are not of format version 1.');
  const blob = await readFile(join(GOLDEN, 'references.bin'));
  return { cases, read: (array) => readStored(blob, array) as Float32Array };
}

/** Writes the checkpoint of a case, with the tokenizer of the tiny model. */
export async function writeFamilyCheckpoint(one: FamilyCase, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const { architecture, config, tensors } = one;
  const files = {
    'config.json': { architectures: [architecture], ...config },
    'generation_config.json': { eos_token_id: 2 },
    'tokenizer.json': tinyTokenizer(),
    'tokenizer_config.json': {},
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(directory, name), JSON.stringify(content));
  }
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => String(layer));
  const all = Object.entries(tensors).flatMap(([name, shape]) =>
    name.includes('*')
      ? layers.map((layer) => ({ name: name.replace('*', layer), shape }))
      : [{ name, shape }],
  );
  await writeWeights(join(directory, 'model.safetensors'), all);
}
