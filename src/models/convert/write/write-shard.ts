import { invalidModel } from '../../package/invalid-model.js';
import type { FinishedShard } from './conversion-journal.js';
import { createFloatSource, encodeWeight } from '../quantize/encode-weight.js';
import type { WeightFiles } from './weight-files.js';
import { checkGptqTensor, encodeGptqWeight } from '../quantize/gptq.js';
import type { ConversionPlan } from '../plan-conversion.js';
import { openPendingTensors } from './pending-tensors.js';
import { type TensorRole, canonicalName } from '../checkpoint/tensor-names.js';
import {
  type StoredTensor,
  type SafetensorsFile,
  openSafetensors,
} from '../checkpoint/safetensors.js';
import type { WeightSlot } from '../graph/weight-layout.js';

export interface ShardOptions {
  /** Bytes of the shard that are done, and all of them; called every few megabytes. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Looked at between blocks; the shard can be added again afterwards. */
  readonly signal?: AbortSignal;
}

interface WriteContext {
  readonly plan: ConversionPlan;
  readonly files: WeightFiles;
  /** A folder for parts of weights whose other parts are in other shards. */
  readonly pendingDirectory: string;
  /** Canonical names of what other shards held. */
  readonly elsewhere: ReadonlySet<string>;
}

type Parts = Map<TensorRole, StoredTensor>;

/**
 * Writes what a safetensors file holds to its places in the package.
 *
 * @throws MODEL_INVALID, STORAGE_FULL, the signal's reason
 */
export async function writeShard(
  path: string,
  context: WriteContext,
  { onProgress, signal }: ShardOptions,
): Promise<FinishedShard> {
  const shard = await openSafetensors(path);
  const pending = await openPendingTensors(context.pendingDirectory);
  try {
    const { tensors, parts: found } = sortTensors(shard, context);
    const weights: string[] = [];
    let [done, total] = [0, 0];
    for (const { bytes } of shard.tensors.values()) total += bytes;
    for (const [weight, own] of found) {
      const parts: Parts = new Map([...pending.of(weight), ...own]);
      if (isComplete(parts)) {
        const before = done;
        const bytes = sumBytes(own);
        await encodeParts(parts, weight, context, (share) => {
          signal?.throwIfAborted();
          done += share * bytes;
          onProgress?.(Math.round(done), total);
        });
        done = before + bytes;
        weights.push(weight);
      } else {
        for (const [role, tensor] of own) await pending.keep(weight, role, tensor);
        done += sumBytes(own);
      }
      signal?.throwIfAborted();
      onProgress?.(done, total);
    }
    onProgress?.(total, total);
    return { tensors, weights };
  } finally {
    await shard.close();
    await pending.close();
  }
}

/** The weights that a shard has parts of, in the order of the file. */
function sortTensors(
  shard: SafetensorsFile,
  { plan, elsewhere }: WriteContext,
): { tensors: string[]; parts: Map<string, Parts> } {
  const tensors = new Set<string>();
  const found = new Map<string, Parts>();
  for (const [raw, tensor] of shard.tensors) {
    const name = canonicalName(raw);
    if (elsewhere.has(name) || tensors.has(name)) {
      throw invalidModel('the checkpoint holds a tensor twice');
    }
    tensors.add(name);
    const known = plan.findTensor(name);
    if (!known) continue;
    checkGptqTensor(known, tensor, plan.quantization);
    const parts = found.get(known.weight) ?? new Map<TensorRole, StoredTensor>();
    found.set(known.weight, parts.set(known.role, tensor));
  }
  return { tensors: [...tensors], parts: found };
}

function isComplete(parts: Parts): boolean {
  const weight = parts.get('weight');
  if (weight) return weight.format !== 'F8_E4M3' || parts.has('weight_scale');
  return parts.has('qweight') && parts.has('scales');
}

async function encodeParts(
  parts: Parts,
  name: string,
  { plan, files }: WriteContext,
  onBlock: (share: number) => void,
): Promise<void> {
  const slots = plan.slots.get(name) ?? [];
  const [weight, scale] = [parts.get('weight'), parts.get('weight_scale')];
  const [packed, scales] = [parts.get('qweight'), parts.get('scales')];
  if (weight) {
    if (scale && weight.format !== 'F8_E4M3') throw invalidModel(`${name} has a scale too many`);
    const source = createFloatSource(weight, scale, firstOf(slots));
    await encodeWeight(source, slots, files, onBlock);
  } else if (packed && scales && plan.quantization.kind === 'gptq') {
    const { groupSize } = plan.quantization;
    await encodeGptqWeight({ packed, scales, groupSize }, slots, files, onBlock);
  }
}

function firstOf(slots: readonly WeightSlot[]): WeightSlot {
  const [first] = slots;
  if (!first) throw new RangeError('A weight without a place.');
  return first;
}

function sumBytes(parts: Parts): number {
  return [...parts.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}
