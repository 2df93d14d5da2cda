import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ChatMessage } from '../../src/language/chat-template.js';
import type { CaptionKind } from '../../src/language/languages.js';
import type { Detail } from '../../src/vision/plan-tiles.js';
import type { TileGrid } from '../../src/vision/vision-geometry.js';
import { readStored, type SampledArray, type StoredArray } from './stored-arrays.js';

/** The results of transformers after the last position of a prompt. */
export interface AnswerReference {
  /** [id, times] pairs. */
  readonly inputIds: readonly (readonly [number, number])[];
  readonly logits: StoredArray & { readonly stride: number };
  readonly topIds: readonly number[];
  readonly topLogits: readonly number[];
  readonly greedyIds: readonly number[];
  /** The smallest gap between the logits of a greedy id and the second best. Rounding may decide tiny gaps. */
  readonly greedyMargin: number;
}

/** The results of transformers for an image at one detail, with one question. */
export interface ParityCase extends AnswerReference {
  readonly picture: string;
  readonly detail: Detail;
  readonly width: number;
  readonly height: number;
  readonly grid: TileGrid | null;
  readonly tiles: number;
  readonly visualTokens: number;
  readonly language: string;
  readonly kind: CaptionKind;
  readonly prompt: string;
  readonly levels: StoredArray;
  readonly pixelValues: SampledArray;
  readonly imageFeatures: SampledArray;
  readonly imageEmbeddings: SampledArray;
}

/** An image, or a video whose frames are stacked vertically in one image. */
export interface MediaReference {
  readonly kind: 'image' | 'video';
  readonly file: string;
  /** The size of the image, or of one frame. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly tiles: number;
  readonly visualTokens: number;
  /** SHA-256 of the tile bytes, one tile after another. */
  readonly tilesSha256: string;
  readonly features: SampledArray;
  readonly embeddings: SampledArray;
}

/** The results of transformers for a conversation with any number of images and videos. */
export interface ConversationCase extends AnswerReference {
  readonly name: string;
  readonly messages: readonly ChatMessage[];
  readonly media: readonly MediaReference[];
  /** Natural logarithms of the probabilities of `topIds`. */
  readonly topLogprobs: readonly number[];
}

/** Token counts and grids of many image sizes by the processor of transformers. */
export interface CountTable {
  readonly geometry: 'checkpoint' | 'siglip-384';
  readonly detail: Detail;
  readonly tileSide: number;
  readonly patchesPerSide: number;
  readonly maxTilesCap: number;
  readonly pinpoints: readonly { readonly width: number; readonly height: number }[];
  /** [sizes, 2]: width, height. */
  readonly sizes: StoredArray;
  /** [sizes, 2]: rows, columns. */
  readonly grids: StoredArray;
  readonly counts: StoredArray;
}

export interface References {
  /** SHA-256 of the weights that the values belong to. */
  readonly weightsSha256: string;
  readonly transformers: string;
  readonly cases: readonly ParityCase[];
  readonly conversations: readonly ConversationCase[];
  readonly counts: readonly CountTable[];
  /** The stored values; of a sampled array only the samples. */
  read(array: StoredArray): Float32Array | Uint8Array | Uint16Array;
  /** The tiles of transformers, in the format of `tileImage`. */
  readTiles(one: ParityCase): Uint8Array[];
}

const CHANNELS = 3;

/** Reads the references written by models/training/references.py. */
export async function loadReferences(directory: string): Promise<References> {
  const description = JSON.parse(
    await readFile(join(directory, 'references.json'), 'utf8'),
  ) as Omit<References, 'read' | 'readTiles'> & { readonly formatVersion: number };
  if (description.formatVersion !== 2)
    throw new RangeError('The references are not of format version 2.');
  const blob = await readFile(join(directory, 'references.bin'));

  const read = (array: StoredArray) => readStored(blob, array);

  return {
    ...description,
    read,
    readTiles({ levels }) {
      const [tiles = 0, height = 0, width = 0] = levels.shape;
      const bytes = read(levels) as Uint8Array;
      undoLeftDifferences(bytes, width);
      const tileBytes = height * width * CHANNELS;
      return Array.from({ length: tiles }, (_, tile) =>
        bytes.subarray(tile * tileBytes, (tile + 1) * tileBytes),
      );
    },
  };
}

/** The bytes of the image file of a case. */
export function readPicture({ picture }: ParityCase): Promise<Uint8Array> {
  return readFile(join(GOLDEN, 'pictures', picture));
}

/** The bytes of a picture, or those of the picture that holds a clip's frames. */
export function mediaPath({ kind, file }: MediaReference): string {
  return join(GOLDEN, kind === 'image' ? 'pictures' : 'clips', file);
}

export function readMedia(reference: MediaReference): Promise<Uint8Array> {
  return readFile(mediaPath(reference));
}

const GOLDEN = join(import.meta.dirname, '../golden/parity');

/** Undoes the delta encoding: each stored byte is the difference from the pixel to the left. */
function undoLeftDifferences(bytes: Uint8Array, width: number): void {
  const rowLength = width * CHANNELS;
  for (let row = 0; row < bytes.length; row += rowLength) {
    for (let i = row + CHANNELS; i < row + rowLength; i++) {
      bytes[i] = bytes[i]! + bytes[i - CHANNELS]!;
    }
  }
}
