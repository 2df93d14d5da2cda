import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import type { ConversationCase, References } from '../references.js';
import { readStored } from '../stored-arrays.js';
import type { TensorDescription } from './synthetic-tensors.js';

/** One checkpoint of the matrix, with the float32 results of transformers. */
export interface MatrixVariant {
  readonly name: string;
  /** The part of the table that it belongs to. */
  readonly group: string;
  /** The value on every axis that the checkpoint has, such as its layout. */
  readonly axes: Readonly<Record<string, string>>;
  /** Text by file name, without the weights. */
  readonly files: ReadonlyMap<string, string>;
  /** Tensors by weight file, in the order of the file. */
  readonly shards: ReadonlyMap<string, readonly TensorDescription[]>;
  readonly seed: number;
  /** A part of the converter's message, if the checkpoint is refused on purpose. */
  readonly refused: string | null;
  readonly conversations: readonly ConversationCase[];
}

export interface MatrixReferences extends Pick<References, 'read' | 'transformers'> {
  readonly variants: readonly MatrixVariant[];
}

interface StoredVariant extends Omit<MatrixVariant, 'files' | 'shards'> {
  /** Indices into the texts and tensor lists that rows share. */
  readonly files: Readonly<Record<string, number>>;
  readonly shards: readonly (readonly [file: string, tensors: number])[];
}

interface StoredMatrix {
  readonly formatVersion: number;
  readonly transformers: string;
  readonly shared: readonly (string | readonly TensorDescription[])[];
  readonly variants: readonly StoredVariant[];
}

export const MATRIX_GOLDEN = join(import.meta.dirname, '../../golden/matrix');

/** Reads the references written by generate.py. */
export async function loadMatrix(directory = MATRIX_GOLDEN): Promise<MatrixReferences> {
  const packed = await readFile(join(directory, 'matrix.json.gz'));
  const matrix = JSON.parse(gunzipSync(packed).toString('utf8')) as StoredMatrix;
  if (matrix.formatVersion !== 1)
    throw new RangeError('The references are not of format version 1.');
  const blob = await readFile(join(directory, 'matrix.bin'));
  const { shared, transformers } = matrix;
  return {
    transformers,
    read: (array) => readStored(blob, array),
    variants: matrix.variants.map((variant) => ({
      ...variant,
      files: new Map(
        Object.entries(variant.files).map(([name, index]) => [name, shared[index] as string]),
      ),
      shards: new Map(
        variant.shards.map(([file, index]) => [file, shared[index] as TensorDescription[]]),
      ),
    })),
  };
}
