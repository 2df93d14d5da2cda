import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { partialDirectory } from '../../package/home-folders.js';
import type { ModelManifest } from '../../package/manifest.js';
import { checkReplaceable, publishPackage } from '../../package/package-writer.js';
import { incompleteWeight } from '../checkpoint/tensor-names.js';
import type { Adapter } from '../adapter/open-adapter.js';
import { openJournal } from './conversion-journal.js';
import { haveExpectedSizes, openWeightFiles } from './weight-files.js';
import { type ShardOptions, writeShard } from './write-shard.js';
import { packageId, type ConversionPlan } from '../plan-conversion.js';

/** Origin of the weights, for the manifest. */
type ConversionSource = Pick<ModelManifest['source'], 'revision' | 'adapter' | 'hub'>;

/** A package that is being written. Shards can be added in any order, one at a time. */
export interface ConversionWriter {
  /** Names of the shards that are already converted. */
  readonly finishedShards: ReadonlySet<string>;
  /**
   * Converts the tensors of a safetensors file. When the promise resolves, the result is synced and recorded, and the
   * file can be deleted. Adding a shard twice is harmless.
   *
   * @throws MODEL_INVALID if the file is malformed or contains unexpected tensors; STORAGE_FULL; the signal's reason.
   */
  addShard(name: string, path: string, options?: ShardOptions): Promise<void>;
  /**
   * Checks that all weights are complete, hashes the files and publishes the package.
   *
   * @throws MODEL_INVALID if a weight is missing.
   */
  finish(source: ConversionSource): Promise<ModelManifest>;
  /** Closes the files. The partial folder of an unfinished package stays for a later run. */
  close(): Promise<void>;
  /** Closes the files and deletes the partial folder. */
  discard(): Promise<void>;
}

/**
 * Opens the partial folder `.NAME.partial` beside the output folder. Resumes an earlier run with the same identity and
 * plan; the remains of other runs are deleted.
 *
 * @param outputDirectory folder of the package. An existing package is replaced at the end.
 * @param identity identifies the checkpoint and the adapter: a commit or a revision.
 * @param adapter merged into the weights.
 * @throws MODEL_INVALID if the output folder contains something other than a package.
 */
export async function openConversion(
  outputDirectory: string,
  plan: ConversionPlan,
  identity: string,
  adapter: Adapter | null = null,
): Promise<ConversionWriter> {
  await checkReplaceable(outputDirectory);
  const target = resolve(outputDirectory);
  const partial = partialDirectory(target);
  const [staging, pendingDirectory] = [join(partial, 'package'), join(partial, 'parts')];
  const journal = await openJournal(partial, { identity, plan: plan.digest }, () =>
    haveExpectedSizes(staging, plan.weightFiles),
  );
  const files = await openWeightFiles(staging, plan.weightFiles);
  const remove = () => rm(partial, { recursive: true, force: true });
  return {
    get finishedShards() {
      return new Set(journal.shards.keys());
    },
    addShard: async (name, path, options = {}) => {
      const otherTensors = new Set<string>();
      for (const [shard, { tensors }] of journal.shards) {
        if (shard !== name) for (const tensor of tensors) otherTensors.add(tensor);
      }
      const shard = await writeShard(
        path,
        { plan, files, adapter, pendingDirectory, otherTensors },
        options,
      );
      await files.flush();
      await journal.add(name, shard);
    },
    finish: async (origin) => {
      const shards = [...journal.shards.values()];
      const names = shards.flatMap(({ tensors }) => tensors);
      plan.known.check(names.map((name) => ({ name, file: null })));
      const complete = new Set(shards.flatMap(({ weights }) => weights));
      const incomplete = [...plan.slots.keys()].find((name) => !complete.has(name));
      if (incomplete !== undefined) throw incompleteWeight(incomplete);
      await files.flush();
      await files.close();
      const { source, ...description } = plan.description;
      const manifest = await publishPackage(staging, target, plan.contents, {
        ...description,
        id: packageId(source.name, origin.adapter, origin.hub),
        source: { ...source, ...origin },
      });
      await remove();
      return manifest;
    },
    close: () => files.close(),
    discard: async () => {
      await files.close();
      await remove();
    },
  };
}
