import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DecoderShape, VisionShape } from '../hub/synthetic-shapes.js';
import type { Precision } from '../../src/models/package/manifest.js';
import { readStored, type SampledArray, type StoredArray } from './stored-arrays.js';

/** Logits after one position: every `stride`-th, the highest, and the mean and root mean square of all. */
export interface LogitsReference {
  readonly sample: StoredArray & { readonly stride: number };
  readonly length: number;
  readonly mean: number;
  readonly rootMeanSquare: number;
  readonly topIds: readonly number[];
  readonly topLogits: readonly number[];
}

/** The results for a prompt: after its last position, and after each step. */
export interface AnswersReference {
  /** Image features of the tile. Null without a vision encoder. */
  readonly features: SampledArray | null;
  readonly logits: readonly LogitsReference[];
}

/** A checkpoint and its prompt. */
export interface ShapePrompt {
  readonly name: string;
  readonly decoder: Omit<DecoderShape, 'family' | 'head'>;
  readonly vision: VisionShape | null;
  readonly pieces: number;
  readonly ids: {
    readonly beforeTile: readonly number[];
    readonly afterTile: readonly number[];
    /** Decoded one by one after the prompt. */
    readonly steps: readonly number[];
  };
  /** The number of positions of prompt and steps. */
  readonly positions: number;
}

/** A synthetic checkpoint, with the float32 results of transformers. */
export interface ShapeCase extends ShapePrompt, AnswersReference {
  readonly tiedHead: boolean;
  /** Decoder fields of config.json besides the sizes. */
  readonly config: Readonly<Record<string, unknown>>;
  /** SHA-256 of names and first values of all tensors. */
  readonly fingerprint: string;
  /** The results of an independent quantization, by precision. */
  readonly quantised: Readonly<Partial<Record<Precision, AnswersReference>>>;
}

/** A quantized checkpoint in the folder of its name, with the results of transformers. */
export interface ImportedCase extends ShapePrompt {
  readonly logits: readonly LogitsReference[];
}

/** Cosines and sines of one kind of RoPE. */
export interface RopeCase {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly headDim: number;
  readonly positions: readonly number[];
  readonly cos: StoredArray; // [positions, headDim / 2]
  readonly sin: StoredArray;
}

export interface ShapeReferences {
  readonly transformers: string;
  readonly cases: readonly ShapeCase[];
  readonly imported: readonly ImportedCase[];
  readonly ropes: readonly RopeCase[];
  read(array: StoredArray): Float32Array;
}

/** The sets of references: small models, quantized checkpoints, or a published model with fewer layers. */
export const SHAPE_SETS = ['small', 'imported', '2b', '7b', '7b-vision'] as const;
export type ShapeSet = (typeof SHAPE_SETS)[number];

export const SHAPES_GOLDEN = join(import.meta.dirname, '../golden/shapes');

/** Reads the references written by models/training/shape_references.py. */
export async function loadShapeReferences(set: ShapeSet): Promise<ShapeReferences> {
  const description = JSON.parse(
    await readFile(join(SHAPES_GOLDEN, `${set}.json`), 'utf8'),
  ) as Omit<ShapeReferences, 'read'> & { readonly formatVersion: number };
  if (description.formatVersion !== 1)
    throw new RangeError('The references are not of format version 1.');
  const blob = await readFile(join(SHAPES_GOLDEN, `${set}.bin`));
  return { ...description, read: (array) => readStored(blob, array) as Float32Array };
}
