import { checkFileNames } from '../convert/checkpoint/check-folder.js';
import {
  parseWeightIndex,
  SINGLE_FILE,
  SMALL_FILES,
  WEIGHT_INDEX_FILE,
} from '../convert/checkpoint/checkpoint-files.js';
import type { TensorOrigin } from '../convert/checkpoint/tensor-names.js';
import type { HubFile, HubSnapshot } from '../hub/hub-snapshot.js';
import { invalidCheckpoint } from '../package/invalid-model.js';

/** The weight files of a checkpoint. */
export interface WeightSelection {
  readonly files: readonly HubFile[];
  /** Tensors in `model.safetensors.index.json`; null for a checkpoint of one file. */
  readonly tensors: readonly TensorOrigin[] | null;
}

/** 128 MiB. The largest known tokenizer has 37 MB. */
const MAX_SMALL_BYTES = 128 << 20;
const CARD = 'README.md';

/** Names the architecture. It is downloaded first, and the hub checks access with it. */
export const CONFIG_FILE = 'config.json';

/**
 * The files of a repository, besides the weights, that a conversion needs; no others are downloaded.
 *
 * @throws MODEL_INVALID if the repository has no weights in safetensors or no config.json, or if a file is larger than
 *   128 MiB.
 */
export function selectSmallFiles({ files }: HubSnapshot): HubFile[] {
  checkFileNames(files.keys());
  const names = [CONFIG_FILE, ...SMALL_FILES, WEIGHT_INDEX_FILE, CARD];
  const found = [...new Set(names)].flatMap((name) => files.get(name) ?? []);
  const tooLarge = found.find(({ bytes }) => bytes > MAX_SMALL_BYTES);
  if (tooLarge) {
    throw invalidCheckpoint(
      tooLarge.name,
      `the file has ${tooLarge.bytes} bytes (limit ${MAX_SMALL_BYTES})`,
    );
  }
  return found;
}

/**
 * The weight files in the order of preference of transformers: `model.safetensors`, else the shards of the index.
 *
 * @param index content of `model.safetensors.index.json`; null if the repository has none.
 * @throws MODEL_INVALID if the repository has no safetensors weights, or not all shards of the index.
 */
export function selectWeights({ files }: HubSnapshot, index: Uint8Array | null): WeightSelection {
  const single = files.get(SINGLE_FILE);
  if (single) return { files: [single], tensors: null };
  if (!index) throw invalidCheckpoint(WEIGHT_INDEX_FILE, 'the repository has no such file');
  const fileByTensor = parseWeightIndex(index);
  const names = [...new Set(fileByTensor.values())].sort();
  const found = names.flatMap((name) => files.get(name) ?? []);
  const missing = names.find((name) => !files.has(name));
  if (missing !== undefined) {
    throw invalidCheckpoint(missing, 'the repository has no such file, but its index lists it');
  }
  const tensors = Array.from(fileByTensor, ([name, file]) => ({ name, file }));
  return { files: found, tensors };
}

export function sumBytes(files: readonly HubFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
