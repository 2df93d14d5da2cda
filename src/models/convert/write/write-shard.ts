import { basename } from 'node:path';

import { invalidModel, withFile } from '../../package/invalid-model.js';
import type { FinishedShard } from './conversion-journal.js';
import { createFloatSource, encodeWeight } from '../quantize/encode-weight.js';
import type { WeightFiles } from './weight-files.js';
import { checkGptqTensor, encodeGptqWeight } from '../quantize/gptq.js';
import type { ConversionPlan } from '../plan-conversion.js';
import { openPendingTensors } from './pending-tensors.js';
import { type TensorRole, canonicalName, duplicateTensor } from '../checkpoint/tensor-names.js';
import {
  type StoredTensor,
  type SafetensorsFile,
  openSafetensors,
} from '../checkpoint/safetensors.js';
import type { WeightSlot } from '../graph/weight-layout.js';

export interface ShardOptions {
  /** Called every few megabytes. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Checked between blocks. After an abort the shard can be added again. */
  readonly signal?: AbortSignal;
}

interface WriteContext {
  readonly plan: ConversionPlan;
  readonly files: WeightFiles;
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
  const pending = await openPendingTensors(context.pendingDirectory);
  try {
    const { tensors, weights: found } = groupByWeight(shard, context);
    const weights: string[] = [];
    let [done, total] = [0, 0];
    for (const { bytes } of shard.tensors.values()) total += bytes;
    for (const [weight, tensorsHere] of found) {
      const parts: WeightTensors = new Map([...pending.of(weight), ...tensorsHere]);
      if (isComplete(parts)) {
        const before = done;
        const bytes = sumBytes(tensorsHere);
        await encodeTensors(parts, weight, context, (share) => {
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
    const known = plan.findTensor(name);
    if (!known) continue;
    checkGptqTensor(known, tensor, plan.quantization);
    const parts = found.get(known.weight) ?? new Map<TensorRole, StoredTensor>();
    found.set(known.weight, parts.set(known.role, tensor));
  }
  return { tensors: [...tensors], weights: found };
}

function isComplete(parts: WeightTensors): boolean {
  const weight = parts.get('weight');
  if (weight) return weight.format !== 'F8_E4M3' || parts.has('weight_scale');
  return parts.has('qweight') && parts.has('scales');
}

async function encodeTensors(
  parts: WeightTensors,
  name: string,
  { plan, files }: WriteContext,
  onBlock: (share: number) => void,
): Promise<void> {
  const slots = plan.slots.get(name) ?? [];
  const [weight, scale] = [parts.get('weight'), parts.get('weight_scale')];
  const [packed, scales] = [parts.get('qweight'), parts.get('scales')];
  if (weight) {
    if (scale && weight.format !== 'F8_E4M3')
      throw invalidModel(`\`${name}\` is not F8_E4M3 but has a weight_scale`);
    const source = createFloatSource(weight, scale, firstOf(slots));
    await encodeWeight(source, slots, files, onBlock);
  } else if (packed && scales && plan.quantization.kind === 'gptq') {
    const { groupSize } = plan.quantization;
    await encodeGptqWeight({ packed, scales, groupSize }, slots, files, onBlock);
  }
}

function firstOf(slots: readonly WeightSlot[]): WeightSlot {
  const [first] = slots;
  if (!first) throw new RangeError('The weight has no slot.');
  return first;
}

function sumBytes(parts: WeightTensors): number {
  return [...parts.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}
