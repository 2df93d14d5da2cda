import { dirname, join, resolve } from 'node:path';

import { checkDiskSpace } from '../package/disk-space.js';
import { partialDirectory } from '../package/home-folders.js';
import type { ModelManifest, Precision } from '../package/manifest.js';
import { checkReplaceable } from '../package/package-writer.js';
import { type Adapter, openAdapter } from './adapter/open-adapter.js';
import { checkTensors } from './check-tensors.js';
import { checkFolder } from './checkpoint/check-folder.js';
import {
  readCheckpointFiles,
  computeFolderRevision,
  hashLines,
  listWeightFiles,
} from './checkpoint/checkpoint-files.js';
import { listTensors } from './checkpoint/tensor-list.js';
import { openConversion } from './write/conversion-writer.js';
import { type ConversionPlan, planConversion } from './plan-conversion.js';

/** Progress within one weight file; `done` and `total` in bytes. */
export interface ConversionProgress {
  /** `weights`, or `weights 2/5` if the checkpoint has several shards. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface ConversionRequest {
  /** Folder of a Hugging Face checkpoint. */
  readonly checkpointDirectory: string;
  /** Folder of a LoRA adapter of PEFT, which is merged into the weights. */
  readonly adapterDirectory?: string | undefined;
  /** Folder of the package. An existing package is replaced. */
  readonly outputDirectory: string;
  readonly precision: Precision;
  readonly onProgress?: (progress: ConversionProgress) => void;
  /** Receives each of `ConversionPlan.notes` before the weights are converted. */
  readonly onNote?: (note: string) => void;
}

/**
 * Converts a Hugging Face checkpoint to a model package: ONNX graphs, weights, tokenizer and manifest. Resumes after a
 * kill. Everything but the values of the weights is checked before anything is written.
 *
 * @throws MODEL_INVALID if the checkpoint is malformed or its architecture is not supported; the output folder is
 *   unchanged then. STORAGE_FULL.
 */
export async function convertCheckpoint(request: ConversionRequest): Promise<ModelManifest> {
  const { checkpointDirectory, adapterDirectory, outputDirectory, precision, onNote } = request;
  await checkFolder(checkpointDirectory);
  const files = await readCheckpointFiles(checkpointDirectory);
  const tensors = await listTensors(checkpointDirectory);
  const plan = planConversion(files, tensors, precision);
  checkTensors(tensors, plan);
  for (const note of plan.notes) onNote?.(note);
  await checkReplaceable(outputDirectory);
  const output = resolve(outputDirectory);
  const folder = { directory: partialDirectory(output), bytes: plan.bytes };
  await checkDiskSpace(dirname(output), [folder]);
  const adapter = adapterDirectory === undefined ? null : await openAdapter(adapterDirectory, plan);
  try {
    return await convertShards(request, plan, adapter);
  } finally {
    await adapter?.close();
  }
}

async function convertShards(
  { checkpointDirectory, outputDirectory, onProgress }: ConversionRequest,
  plan: ConversionPlan,
  adapter: Adapter | null,
): Promise<ModelManifest> {
  const shards = await listWeightFiles(checkpointDirectory);
  const base = await computeFolderRevision(checkpointDirectory);
  const revision = adapter
    ? hashLines(Object.entries({ checkpoint: base, adapter: adapter.source.revision }))
    : base;
  const writer = await openConversion(outputDirectory, plan, revision, adapter);
  try {
    for (const [index, shard] of shards.entries()) {
      if (writer.finishedShards.has(shard)) continue;
      const stage = shards.length === 1 ? 'weights' : `weights ${index + 1}/${shards.length}`;
      await writer.addShard(shard, join(checkpointDirectory, shard), {
        onProgress: (done, total) => onProgress?.({ stage, done, total }),
      });
    }
    return await writer.finish({ revision, adapter: adapter?.source ?? null, hub: null });
  } catch (error) {
    await writer.discard();
    throw error;
  } finally {
    await writer.close();
  }
}
