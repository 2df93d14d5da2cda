import { basename } from 'node:path';

import type { Adapter } from '../adapter/open-adapter.js';
import { withFile } from '../../package/invalid-model.js';
import type { FinishedShard } from './conversion-journal.js';
import { encodeWeight } from '../quantize/encode-weight.js';
import { checkRedundantTensor, createWeightSource } from '../quantize/weight-source.js';
import type { WeightFiles } from './weight-files.js';
import { type ConversionPlan, shapeOf } from '../plan-conversion.js';
import { openPendingTensors } from './pending-tensors.js';
import { canonicalName, duplicateTensor } from '../checkpoint/tensor-names.js';
import { type TensorRole, isComplete } from '../checkpoint/weight-parts.js';
import {
  type StoredTensor,
  type SafetensorsFile,
  openSafetensors,
} from '../checkpoint/safetensors.js';

export interface ShardOptions {
  /** Called every few megabytes. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Checked between blocks. After an abort the shard can be added again. */
  readonly signal?: AbortSignal;
}

interface WriteContext {
  readonly plan: ConversionPlan;
  readonly files: WeightFiles;
  readonly adapter: Adapter | null;
  /** Folder for tensors whose weight is incomplete until a later shard. */
  readonly pendingDirectory: string;
  /** Canonical names of the tensors in other shards, to detect duplicates. */
  readonly otherTensors: ReadonlySet<string>;
}

type WeightTensors = Map<TensorRole, StoredTensor>;

/**
 * Converts all tensors of a safetensors file and writes them to their slots in the package.
 *
 * @throws MODEL_INVALID, STORAGE_FULL, the signal's reason
 */
export async function writeShard(
  path: string,
  context: WriteContext,
  { onProgress, signal }: ShardOptions,
): Promise<FinishedShard> {
  const shard = await openSafetensors(path).catch((error: unknown) => {
    throw withFile(error, 'checkpoint', basename(path));
  });
  const { plan, files, adapter } = context;
  const pending = await openPendingTensors(context.pendingDirectory);
  try {
    const { tensors, weights: found } = groupByWeight(shard, context);
    const weights: string[] = [];
    let [done, total] = [0, 0];
    for (const { bytes } of shard.tensors.values()) total += bytes;
    for (const [weight, tensorsHere] of found) {
      const parts: WeightTensors = new Map([...pending.of(weight), ...tensorsHere]);
      if (isComplete(parts, plan.known.parts)) {
        const before = done;
        const bytes = sumBytes(tensorsHere);
        const base = createWeightSource(parts, shapeOf(plan, weight), plan.quantization);
        const source = adapter?.merge(weight, base) ?? base;
        await encodeWeight(source, plan.slots.get(weight) ?? [], files, (share) => {
          signal?.throwIfAborted();
          done += share * bytes;
          onProgress?.(Math.round(done), total);
        });
        done = before + bytes;
        weights.push(weight);
      } else {
        for (const [role, tensor] of tensorsHere) await pending.save(weight, role, tensor);
        done += sumBytes(tensorsHere);
      }
      signal?.throwIfAborted();
      onProgress?.(done, total);
    }
    onProgress?.(total, total);
    return { tensors, weights };
  } catch (error) {
    throw withFile(error, 'checkpoint', basename(path));
  } finally {
    await shard.close();
    await pending.close();
  }
}

/** Groups the tensors of a shard by weight, in file order. */
function groupByWeight(
  shard: SafetensorsFile,
  { plan, otherTensors }: WriteContext,
): { tensors: string[]; weights: Map<string, WeightTensors> } {
  const tensors = new Set<string>();
  const found = new Map<string, WeightTensors>();
  for (const [raw, tensor] of shard.tensors) {
    const name = canonicalName(raw);
    if (otherTensors.has(name) || tensors.has(name)) {
      throw duplicateTensor(name);
    }
    tensors.add(name);
    const known = plan.known.find(name, tensor.file);
    if (!known) continue;
    const { weight, role } = known;
    if (plan.known.parts.redundant.includes(role)) {
      checkRedundantTensor(role, tensor, shapeOf(plan, weight), plan.quantization);
    } else {
      const parts = found.get(weight) ?? new Map<TensorRole, StoredTensor>();
      found.set(weight, parts.set(role, tensor));
    }
  }
  return { tensors: [...tensors], weights: found };
}

function sumBytes(parts: WeightTensors): number {
  return [...parts.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}
