import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeRawTensors } from '../../tiny-model/tiny-checkpoint.js';
import type { MatrixVariant } from './matrix-references.js';
import { createSyntheticTensor } from './synthetic-tensors.js';

/** Writes the checkpoint of a row, whose weights follow from the names of its tensors. */
export async function writeVariant(
  { files, shards, seed }: MatrixVariant,
  directory: string,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of files) await writeFile(join(directory, name), text);
  const weightMap: Record<string, string> = {};
  for (const [file, tensors] of shards) {
    const raw = tensors.map((one) => [one[0], createSyntheticTensor(one, seed)] as const);
    await writeFile(join(directory, file), encodeRawTensors(Object.fromEntries(raw)));
    for (const [name] of tensors) weightMap[name] = file;
  }
  if (shards.size === 1) return;
  const index = JSON.stringify({ metadata: {}, weight_map: weightMap });
  await writeFile(join(directory, 'model.safetensors.index.json'), index);
}
