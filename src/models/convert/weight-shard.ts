import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { invalidModel } from '../package/invalid-model.js';
import {
  type TensorLocation,
  LENGTH_FIELD_BYTES,
  parseHeaderLength,
  parseSafetensorsHeader,
} from './safetensors-header.js';

/** One tensor of an open file. */
export interface StoredTensor {
  readonly format: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /**
   * Reads bytes `start` to `start + target.length` of the tensor.
   *
   * @throws MODEL_INVALID when the file ends before.
   */
  read(target: Uint8Array, start: number): void;
}

/** An open safetensors file. */
export interface WeightShard {
  /** By the names that the file has for them, in the order of their places. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  close(): Promise<void>;
}

/** Opens a safetensors file and reads its header; values are read on demand. @throws MODEL_INVALID */
export async function openShard(path: string): Promise<WeightShard> {
  const handle = await open(path).catch((cause: unknown) => {
    throw invalidModel('a weight file cannot be opened', cause);
  });
  try {
    const locations = [...(await readHeader(handle))].sort(([, a], [, b]) => a.begin - b.begin);
    const tensors = locations.map(
      ([name, location]) => [name, storedTensor(handle, location)] as const,
    );
    return { tensors: new Map(tensors), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readHeader(handle: FileHandle): Promise<Map<string, TensorLocation>> {
  const { size } = await handle.stat();
  const field = new Uint8Array(Math.min(LENGTH_FIELD_BYTES, size));
  readFully(handle, field, 0);
  const header = new Uint8Array(parseHeaderLength(field, size));
  readFully(handle, header, LENGTH_FIELD_BYTES);
  return parseSafetensorsHeader(header, size);
}

function storedTensor(handle: FileHandle, location: TensorLocation): StoredTensor {
  const { format, shape, begin, end } = location;
  return {
    format,
    shape,
    bytes: end - begin,
    read: (target, start) => {
      if (start + target.length > end - begin) throw new RangeError('Outside of the tensor.');
      readFully(handle, target, begin + start);
    },
  };
}

/** Blocking reads of megabytes take half the time of those that go through the thread pool. */
function readFully(handle: FileHandle, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length;) {
    const bytes = readSync(handle.fd, target, done, target.length - done, position + done);
    if (bytes === 0) throw invalidModel('a weight file ends too early');
    done += bytes;
  }
}
