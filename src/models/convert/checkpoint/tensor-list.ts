import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { invalidCheckpoint, withFile } from '../../package/invalid-model.js';
import { WEIGHT_INDEX_FILE, listWeightFiles } from './checkpoint-files.js';
import { type StoredTensor, openSafetensors } from './safetensors.js';

/**
 * The tensors of a checkpoint folder, from the headers of its weight files. The files are closed: no values can be
 * read.
 *
 * @throws MODEL_INVALID if a weight file is missing, truncated, or its header malformed.
 */
export async function listTensors(directory: string): Promise<StoredTensor[]> {
  const files = await listWeightFiles(directory);
  await checkFilesExist(directory, files);
  const tensors: StoredTensor[] = [];
  for (const file of files) {
    const shard = await openSafetensors(join(directory, file)).catch((error: unknown) => {
      throw withFile(error, 'checkpoint', file);
    });
    tensors.push(...shard.tensors.values());
    await shard.close();
  }
  return tensors;
}

async function checkFilesExist(directory: string, files: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of files) {
    const file = await stat(join(directory, name)).catch(() => undefined);
    if (!file?.isFile()) missing.push(name);
  }
  const [first, ...others] = missing;
  if (first === undefined) return;
  const count = others.length === 0 ? '' : ` (and ${others.length} more of ${files.length})`;
  throw invalidCheckpoint(
    first,
    `the file is missing${count}, but ${WEIGHT_INDEX_FILE} lists it. Download it too`,
  );
}
