import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { drawTestImage } from '../golden/vision-golden.js';
import { writeWeights } from './shape-checkpoint.js';
import { tinyTokenizer } from '../tiny-model/tiny-tokenizer.js';
import { readStored, type SampledArray, type StoredArray } from './stored-arrays.js';

/** The images of one request, and what transformers makes of them. */
export interface LayoutRequest {
  /** Width, height and pattern. */
  readonly images: readonly Parameters<typeof drawTestImage>[];
  /** Of all images. */
  readonly tiles: number;
  /** Per image. */
  readonly visualTokens: readonly number[];
  /** Of the float32 pixel values of all tiles, in order. */
  readonly pixelValuesSha256: string;
  readonly features: SampledArray; // [visual tokens of all images, hidden]
}

/** A small checkpoint of one layout. */
export interface LayoutCase {
  readonly name: string;
  /** JSON files by name. */
  readonly files: Readonly<Record<string, unknown>>;
  /** Shapes by tensor name. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly requests: readonly LayoutRequest[];
  /** Frames of the size of a tile. Null if the model takes no videos. */
  readonly video: {
    readonly frames: number;
    readonly visualTokens: number;
    readonly features: SampledArray;
  } | null;
}

export interface LayoutReferences {
  readonly cases: readonly LayoutCase[];
  read(array: StoredArray): Float32Array;
}

const GOLDEN = join(import.meta.dirname, '../golden/layouts');

/** Reads the references written by models/training/layout_references.py. */
export async function loadLayoutReferences(): Promise<LayoutReferences> {
  const text = await readFile(join(GOLDEN, 'layouts.json'), 'utf8');
  const { cases } = JSON.parse(text) as Pick<LayoutReferences, 'cases'>;
  const blob = await readFile(join(GOLDEN, 'layouts.bin'));
  return { cases, read: (array) => readStored(blob, array) as Float32Array };
}

/** Writes the checkpoint of a case, with the tokenizer of the tiny model. */
export async function writeLayoutCheckpoint(
  { files, tensors }: LayoutCase,
  directory: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const all = { 'tokenizer.json': tinyTokenizer(), 'tokenizer_config.json': {}, ...files };
  for (const [name, content] of Object.entries(all)) {
    await writeFile(join(directory, name), JSON.stringify(content));
  }
  await writeWeights(
    join(directory, 'model.safetensors'),
    Object.entries(tensors).map(([name, shape]) => ({ name, shape })),
  );
}
