import {
  parseWeightIndex,
  SINGLE_FILE,
  SMALL_FILES,
  WEIGHT_INDEX_FILE,
} from '../convert/checkpoint/checkpoint-files.js';
import type { HubFile, HubSnapshot } from '../hub/hub-snapshot.js';
import { invalidModel } from '../package/invalid-model.js';

/** Weights of a checkpoint, and in which files they lie. */
export interface WeightSelection {
  readonly files: readonly HubFile[];
  /** As the index names them; null where one file holds all. */
  readonly tensorNames: readonly string[] | null;
}

/** The largest tokenizer known takes 37 MB. */
const MAX_SMALL_BYTES = 128 << 20;
const CARD = 'README.md';

/**
 * What a conversion reads of a repository besides the weights; nothing else is ever fetched. `config.json` comes first:
 * with it the hub says whether files may be read at all.
 *
 * @throws MODEL_INVALID when a file is missing or far too large.
 */
export function selectSmallFiles({ files }: HubSnapshot): HubFile[] {
  const names = ['config.json', ...SMALL_FILES, WEIGHT_INDEX_FILE, CARD];
  const found = [...new Set(names)].flatMap((name) => files.get(name) ?? []);
  if (found[0]?.name !== 'config.json') {
    throw invalidModel(
      'its repository has no config.json: it may hold GGUF files or an adapter alone',
    );
  }
  if (found.some(({ bytes }) => bytes > MAX_SMALL_BYTES)) {
    throw invalidModel('a file of its repository is far too large for what it is');
  }
  return found;
}

/**
 * The weight files: one, or those that the index names, as transformers chooses.
 *
 * @param index content of the index, null where the repository has none.
 * @throws MODEL_INVALID when there are no weights in safetensors, or not all that the index names.
 */
export function selectWeights({ files }: HubSnapshot, index: Uint8Array | null): WeightSelection {
  const single = files.get(SINGLE_FILE);
  if (single) return { files: [single], tensorNames: null };
  if (!index) throw invalidModel('its repository has no weights in safetensors files');
  const places = parseWeightIndex(index);
  const names = [...new Set(places.values())].sort();
  const found = names.flatMap((name) => files.get(name) ?? []);
  if (found.length < names.length) throw invalidModel('its repository lacks weight files');
  return { files: found, tensorNames: [...places.keys()] };
}

export function sumBytes(files: readonly HubFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
