import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { invalidModel } from '../../package/invalid-model.js';
import { partialDirectory } from '../../package/home-folders.js';
import type { HubSource, ModelManifest } from '../../package/manifest.js';
import { checkReplaceable, publishPackage } from '../../package/package-writer.js';
import { openJournal } from './conversion-journal.js';
import { haveExpectedSizes, openWeightFiles } from './weight-files.js';
import { type ShardOptions, writeShard } from './write-shard.js';
import { packageId, type ConversionPlan } from '../plan-conversion.js';

/** What `finish` writes into the manifest about where the weights came from. */
interface ConversionSource {
  /** See `computeRevision`. */
  readonly revision: string;
  readonly hub: HubSource | null;
}

/** A package being filled: shard by shard in any order, one call at a time. */
export interface ConversionWriter {
  /** Names of the shards that need not be added any more. */
  readonly finishedShards: ReadonlySet<string>;
  /**
   * Reads a safetensors file and writes its tensors to their places. When it returns, all is on the disk and
   * noted, and the file is needed no more. Adding a shard again changes nothing.
   *
   * @throws MODEL_INVALID when the file is malformed or holds what the plan does not expect; STORAGE_FULL; the
   *   signal's reason.
   */
  addShard(name: string, path: string, options?: ShardOptions): Promise<void>;
  /**
   * Checks that every weight came, hashes the files and gives the package its name.
   *
   * @throws MODEL_INVALID when a weight is missing.
   */
  finish(source: ConversionSource): Promise<ModelManifest>;
  /** Lets go of the files. The partial folder stays for a later run, unless the package is finished. */
  close(): Promise<void>;
  /** Closes, and deletes what was written. */
  discard(): Promise<void>;
}

/**
 * Opens the folder `.NAME.partial` beside the output folder, where a package of this plan is being made or will
 * be. What an earlier run with the same identity and plan noted there counts; anything else there is deleted.
 *
 * @param outputDirectory becomes the package; an older package there is replaced at the end.
 * @param identity says which checkpoint the shards belong to: a commit, or a revision.
 * @throws MODEL_INVALID when the output folder holds something that is no package.
 */
export async function openConversion(
  outputDirectory: string,
  plan: ConversionPlan,
  identity: string,
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
      const elsewhere = new Set<string>();
      for (const [shard, { tensors }] of journal.shards) {
        if (shard !== name) for (const tensor of tensors) elsewhere.add(tensor);
      }
      const shard = await writeShard(path, { plan, files, pendingDirectory, elsewhere }, options);
      await files.flush();
      await journal.add(name, shard);
    },
    finish: async ({ revision, hub }) => {
      const shards = [...journal.shards.values()];
      plan.checkTensorNames(shards.flatMap(({ tensors }) => tensors));
      const filled = new Set(shards.flatMap(({ weights }) => weights));
      const empty = plan.tensorNames.find((name) => !filled.has(name));
      if (empty !== undefined) throw invalidModel(`the checkpoint lacks a part of ${empty}`);
      await files.flush();
      await files.close();
      const { source, ...description } = plan.description;
      const manifest = await publishPackage(staging, target, plan.contents, {
        ...description,
        id: packageId(source.name, hub),
        source: { ...source, revision, hub },
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
