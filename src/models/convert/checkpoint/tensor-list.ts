import { join } from 'node:path';

import { withFile } from '../../package/invalid-model.js';
import { listWeightFiles } from './checkpoint-files.js';
import { openSafetensors } from './safetensors.js';

/**
 * Names of all tensors of a checkpoint folder, read from the headers of its weight files.
 *
 * @throws MODEL_INVALID if a weight file is missing or its header malformed.
 */
export async function readTensorNames(directory: string): Promise<string[]> {
  const names: string[] = [];
  for (const file of await listWeightFiles(directory)) {
    try {
      const shard = await openSafetensors(join(directory, file));
      names.push(...shard.tensors.keys());
      await shard.close();
    } catch (error) {
      throw withFile(error, 'checkpoint', file);
    }
  }
  return names;
}
