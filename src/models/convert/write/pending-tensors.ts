import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { TensorRole } from '../checkpoint/weight-parts.js';
import {
  type StoredTensor,
  type SafetensorsFile,
  type TensorHeader,
  openSafetensors,
} from '../checkpoint/safetensors.js';

/**
 * Tensors of quantized weights that are incomplete until another shard is converted. Each is stored as a safetensors
 * file, so that its shard can be deleted.
 */
export interface PendingTensors {
  of(weight: string): ReadonlyMap<TensorRole, StoredTensor>;
  /** Copies a tensor. The copy is synced when the promise resolves. */
  save(weight: string, role: TensorRole, tensor: StoredTensor): Promise<void>;
  close(): Promise<void>;
}

/** Name of a stored tensor, as JSON. */
interface PendingKey extends Pick<TensorHeader, 'name' | 'file'> {
  readonly role: TensorRole;
  readonly weight: string;
}

const SUFFIX = '.safetensors';
const COPY_BYTES = 4 << 20;

export async function openPendingTensors(directory: string): Promise<PendingTensors> {
  const shards: SafetensorsFile[] = [];
  const tensors = new Map<string, Map<TensorRole, StoredTensor>>();
  const close = async (): Promise<void> => {
    for (const shard of shards) await shard.close();
  };
  try {
    for (const file of await readdir(directory).catch(() => [])) {
      if (!file.endsWith(SUFFIX)) continue;
      const shard = await openSafetensors(join(directory, file));
      shards.push(shard);
      for (const [key, tensor] of shard.tensors) {
        const { role, weight, ...origin } = JSON.parse(key) as PendingKey;
        const known = tensors.get(weight) ?? new Map<TensorRole, StoredTensor>();
        tensors.set(weight, known.set(role, { ...tensor, ...origin }));
      }
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    of: (weight) => tensors.get(weight) ?? new Map<TensorRole, StoredTensor>(),
    save: (weight, role, tensor) => {
      const { name, file } = tensor;
      const key: PendingKey = { role, weight, name, file };
      return writeTensor(directory, JSON.stringify(key), tensor);
    },
    close,
  };
}

async function writeTensor(directory: string, name: string, tensor: StoredTensor): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, createHash('sha256').update(name).digest('hex'));
  const entry = { dtype: tensor.format, shape: tensor.shape, data_offsets: [0, tensor.bytes] };
  const header = Buffer.from(JSON.stringify({ [name]: entry }));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  // Renamed at the end: a file with the suffix is always complete.
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(Buffer.concat([length, header]));
    const block = new Uint8Array(Math.min(COPY_BYTES, tensor.bytes));
    for (let done = 0; done < tensor.bytes; done += block.length) {
      const piece = block.subarray(0, Math.min(block.length, tensor.bytes - done));
      tensor.read(piece, done);
      await handle.appendFile(piece);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(path, path + SUFFIX);
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
