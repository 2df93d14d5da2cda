import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DecoderShape, VisionShape } from '../hub/synthetic-shapes.js';
import type { Precision } from '../../src/models/package/manifest.js';
import { readStored, type SampledArray, type StoredArray } from './stored-arrays.js';

/** Scores of the whole vocabulary after one position: every `stride`-th, the highest, and figures over all. */
export interface LogitsReference {
  readonly sample: StoredArray & { readonly stride: number };
  readonly length: number;
  readonly mean: number;
  readonly rootMeanSquare: number;
  readonly topIds: readonly number[];
  readonly topLogits: readonly number[];
}

/** What a prompt came to: after its last position, and after each id that followed. */
export interface AnswersReference {
  /** Tower and projector for the tile, or null. */
  readonly features: SampledArray | null;
  readonly logits: readonly LogitsReference[];
}

/** A checkpoint and its prompt. */
export interface ShapePrompt {
  readonly name: string;
  readonly decoder: DecoderShape;
  readonly vision: VisionShape | null;
  readonly pieces: number;
  readonly ids: {
    readonly beforeTile: readonly number[];
    readonly afterTile: readonly number[];
    /** Read one by one behind the prompt. */
    readonly steps: readonly number[];
  };
  /** Of the prompt and the steps. */
  readonly positions: number;
}

/** A synthetic checkpoint, and what transformers computes for it in float32. */
export interface ShapeCase extends ShapePrompt, AnswersReference {
  readonly tiedHead: boolean;
  /** Fields of config.json about the decoder, besides the sizes. */
  readonly config: Readonly<Record<string, unknown>>;
  /** SHA-256 over names and first values of all tensors. */
  readonly fingerprint: string;
  /** What an independent quantisation computes. */
  readonly quantised: Readonly<Partial<Record<Precision, AnswersReference>>>;
}

/** A checkpoint in a quantised format, in a folder of its name, and what transformers computes with its values. */
export interface ImportedCase extends ShapePrompt {
  readonly logits: readonly LogitsReference[];
}

/** Cosines and sines of one kind of rotary positions. */
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

/** Small models of every kind, or a cut of a published one. */
export const SHAPE_SETS = ['small', '2b', '7b', '7b-vision'] as const;
export type ShapeSet = (typeof SHAPE_SETS)[number];

export const SHAPES_GOLDEN = join(import.meta.dirname, '../golden/shapes');

/** Reads what models/training/shape_references.py wrote. */
export async function loadShapeReferences(set: ShapeSet): Promise<ShapeReferences> {
  const description = JSON.parse(
    await readFile(join(SHAPES_GOLDEN, `${set}.json`), 'utf8'),
  ) as Omit<ShapeReferences, 'read'> & { readonly formatVersion: number };
  if (description.formatVersion !== 1) throw new RangeError('References of another format.');
  const blob = await readFile(join(SHAPES_GOLDEN, `${set}.bin`));
  return { ...description, read: (array) => readStored(blob, array) as Float32Array };
}
