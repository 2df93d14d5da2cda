import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { readCheckpointFiles } from '../../../src/models/convert/checkpoint/checkpoint-files.js';
import { openConversion } from '../../../src/models/convert/write/conversion-writer.js';
import { listTensors as readTensors } from '../../../src/models/convert/checkpoint/tensor-list.js';
import { convertCheckpoint } from '../../../src/models/convert/convert-checkpoint.js';
import { planConversion } from '../../../src/models/convert/plan-conversion.js';
import type { Precision } from '../../../src/models/package/manifest.js';
import { inspectPackage } from '../../../src/models/package/model-package.js';
import { createSyntheticCheckpoint, readAll } from '../../hub/synthetic-checkpoint.js';
import { listTensors } from '../../hub/synthetic-shapes.js';
import { type BenchShape, RANDOM_CHECKPOINTS } from './bench-shapes.js';

const DEMO_CHECKPOINT = join(import.meta.dirname, '../../../models/demo');

/**
 * Converts a checkpoint with random weights to a package, unless the one in the folder is up to date. Stores one shard
 * of the checkpoint at a time.
 *
 * @returns whether it was converted.
 */
export async function makePackage(
  shape: BenchShape,
  precision: Precision,
  directory: string,
): Promise<boolean> {
  await mkdir(join(directory, '..'), { recursive: true });
  const checkpointDirectory = shape === 'demo' ? DEMO_CHECKPOINT : `${directory}.checkpoint`;
  const checkpoint = shape === 'demo' ? null : createSyntheticCheckpoint(RANDOM_CHECKPOINTS[shape]);
  try {
    const shards: string[] = [];
    if (checkpoint) {
      await mkdir(checkpointDirectory, { recursive: true });
      for (const [name, file] of checkpoint.files) {
        if (name.endsWith('.safetensors')) shards.push(name);
        else if (name.endsWith('.json') || name.endsWith('.md')) {
          await writeFile(join(checkpointDirectory, name), readAll(file));
        }
      }
    }
    const tensors = checkpoint
      ? listTensors(checkpoint.shape).map(({ name }) => ({ name, file: null }))
      : await readTensors(checkpointDirectory);
    const plan = planConversion(await readCheckpointFiles(checkpointDirectory), tensors, precision);
    if (await isCurrent(directory, plan.digest)) return false;
    if (!checkpoint) {
      await convertCheckpoint({ checkpointDirectory, outputDirectory: directory, precision });
    } else {
      const revision = createHash('sha256').update(shape).digest('hex');
      const writer = await openConversion(directory, plan, revision);
      try {
        for (const name of shards) {
          if (writer.finishedShards.has(name)) continue;
          const path = join(checkpointDirectory, name);
          const file = checkpoint.files.get(name)!;
          await pipeline(Readable.from(file.read(0, file.size)), createWriteStream(path));
          await writer.addShard(name, path);
          await rm(path);
        }
        await writer.finish({ revision, adapter: null, hub: null });
      } finally {
        await writer.close();
      }
    }
    await writeFile(digestFile(directory), plan.digest);
    return true;
  } finally {
    if (checkpoint) await rm(checkpointDirectory, { recursive: true, force: true });
  }
}

async function isCurrent(directory: string, digest: string): Promise<boolean> {
  try {
    const known = await readFile(digestFile(directory), 'utf8');
    await inspectPackage(directory);
    return known === digest;
  } catch {
    return false;
  }
}

/** Beside the package, which must contain only its own files. */
function digestFile(directory: string): string {
  return `${directory}.digest`;
}
