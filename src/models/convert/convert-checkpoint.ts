import { join } from 'node:path';

import type { ModelManifest, Precision } from '../package/manifest.js';
import {
  readCheckpointFiles,
  computeFolderRevision,
  listWeightFiles,
} from './checkpoint/checkpoint-files.js';
import { openConversion } from './write/conversion-writer.js';
import { planConversion } from './plan-conversion.js';

/** How far a conversion is; `done` and `total` count the bytes of one file of weights. */
export interface ConversionProgress {
  /** `weights`, and which of how many files. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface ConversionRequest {
  /** A Hugging Face checkpoint. */
  readonly checkpointDirectory: string;
  /** Becomes the package; an older package there is replaced. */
  readonly outputDirectory: string;
  readonly precision: Precision;
  readonly onProgress?: (progress: ConversionProgress) => void;
}

/**
 * Turns a checkpoint in a folder into a model package: ONNX graphs, tables, the tokenizer and a manifest. A run
 * that was killed is gone on with by the next.
 *
 * @throws MODEL_INVALID when the checkpoint is malformed or of a kind that the graphs cannot express; the
 *   output folder is then as it was.
 */
export async function convertCheckpoint(request: ConversionRequest): Promise<ModelManifest> {
  const { checkpointDirectory, outputDirectory, precision, onProgress } = request;
  const plan = planConversion(await readCheckpointFiles(checkpointDirectory), precision);
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
