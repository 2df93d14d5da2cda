import { join } from 'node:path';

import type { ModelManifest, Precision } from '../package/manifest.js';
import {
  readCheckpointFiles,
  computeFolderRevision,
  listWeightFiles,
} from './checkpoint/checkpoint-files.js';
import { openConversion } from './write/conversion-writer.js';
import { planConversion } from './plan-conversion.js';
import { readTensorNames } from './checkpoint/tensor-list.js';

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
  /** Folder of the package. An existing package is replaced. */
  readonly outputDirectory: string;
  readonly precision: Precision;
  readonly onProgress?: (progress: ConversionProgress) => void;
  /** Receives each of `ConversionPlan.notes` before the weights are converted. */
  readonly onNote?: (note: string) => void;
}

/**
 * Converts a Hugging Face checkpoint to a model package: ONNX graphs, weights, tokenizer and manifest. Resumes after a
 * kill.
 *
 * @throws MODEL_INVALID if the checkpoint is malformed or its architecture is not supported; the output folder is
 *   unchanged then. STORAGE_FULL.
 */
export async function convertCheckpoint(request: ConversionRequest): Promise<ModelManifest> {
  const { checkpointDirectory, outputDirectory, precision, onProgress, onNote } = request;
  const files = await readCheckpointFiles(checkpointDirectory);
  const plan = planConversion(files, await readTensorNames(checkpointDirectory), precision);
  for (const note of plan.notes) onNote?.(note);
  const shards = await listWeightFiles(checkpointDirectory);
  const revision = await computeFolderRevision(checkpointDirectory);
  const writer = await openConversion(outputDirectory, plan, revision);
  try {
    for (const [index, shard] of shards.entries()) {
      if (writer.finishedShards.has(shard)) continue;
      const stage = shards.length === 1 ? 'weights' : `weights ${index + 1}/${shards.length}`;
      await writer.addShard(shard, join(checkpointDirectory, shard), {
        onProgress: (done, total) => onProgress?.({ stage, done, total }),
      });
    }
    return await writer.finish({ revision, hub: null });
  } catch (error) {
    await writer.discard();
    throw error;
  } finally {
    await writer.close();
  }
}
