import type { FileHandle } from 'node:fs/promises';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { checkObject, checkString, parseJsonObject } from '../model-store/checked-json.js';
import { invalidModel } from '../model-store/invalid-model.js';
import { decodeHalf } from '../tensor/float16.js';
import type { TensorLocation } from './safetensors-header.js';
import {
  LENGTH_FIELD_BYTES,
  parseHeaderLength,
  parseSafetensorsHeader,
} from './safetensors-header.js';

/** A weight of shape [rows, columns], read some rows at a time, as float32. */
export interface MatrixSource {
  readonly rows: number;
  readonly columns: number;
  /** @returns [count, columns] */
  readRows(start: number, count: number): Promise<Float32Array>;
}

/** The weights of an open checkpoint, under the names of `canonicalName`. */
export interface CheckpointTensors {
  has(name: string): boolean;
  /** @throws MODEL_INVALID unless the tensor is there with this shape; its rows are the first dimension. */
  matrix(name: string, shape: readonly number[]): MatrixSource;
  /** The whole tensor; for vectors and other small ones. */
  read(name: string, shape: readonly number[]): Promise<Float32Array>;
  /** What neither `matrix` nor `read` was asked for. */
  unusedNames(): string[];
  close(): Promise<void>;
}

const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';
const MAX_INDEX_BYTES = 16 << 20;
const MAX_SHARDS = 1000;

/**
 * The names of the files that hold a checkpoint's weights: one file, or an index and its shards.
 *
 * @throws MODEL_INVALID when there are none or the index names something that is no plain file name.
 */
export async function listWeightFiles(directory: string): Promise<string[]> {
  if (await isFile(join(directory, SINGLE_FILE))) return [SINGLE_FILE];
  const path = join(directory, INDEX_FILE);
  if (!(await isFile(path)) || (await stat(path)).size > MAX_INDEX_BYTES) {
    throw invalidModel('the checkpoint holds no safetensors weights');
  }
  const map = checkObject(
    parseJsonObject(await readFile(path), INDEX_FILE)['weight_map'],
    INDEX_FILE,
  );
  const names = new Set(Object.values(map).map((value) => checkString(value, INDEX_FILE, 128)));
  const plain = [...names].every((name) => /^[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors$/.test(name));
  if (!plain || names.size > MAX_SHARDS) throw invalidModel(`${INDEX_FILE} names no weight files`);
  return [INDEX_FILE, ...[...names].sort()];
}

/** Opens the weight files and reads their headers; values are read on demand. @throws MODEL_INVALID */
export async function openCheckpointTensors(directory: string): Promise<CheckpointTensors> {
  const handles: FileHandle[] = [];
  const close = async (): Promise<void> => {
    for (const handle of handles) await handle.close();
  };
  try {
    const tensors = new Map<string, TensorLocation & { handle: FileHandle }>();
    for (const file of await listWeightFiles(directory)) {
      if (file === INDEX_FILE) continue;
      const handle = await open(join(directory, file)).catch((cause: unknown) => {
        throw invalidModel('a weight file cannot be opened', cause);
      });
      handles.push(handle);
      for (const [rawName, location] of await readHeader(handle)) {
        const name = canonicalName(rawName);
        if (tensors.has(name)) throw invalidModel('the checkpoint holds a tensor twice');
        tensors.set(name, { ...location, handle });
      }
    }
    return createTensors(tensors, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * One spelling for the three that transformers wrote over time: 4.x (`language_model.model.layers`),
 * late 4.x (`model.language_model.layers`), and 5.x, which drops `vision_model` as well.
 */
export function canonicalName(name: string): string {
  return name
    .replace(/^model\./, '')
    .replace(/^language_model\.lm_head\./, 'lm_head.')
    .replace(/^language_model\.model\./, 'language_model.')
    .replace(/^vision_tower\.vision_model\./, 'vision_tower.');
}

/** Stacks matrices of equal width, so that one product computes what several did. */
export function stackRows(sources: readonly MatrixSource[]): MatrixSource {
  const columns = sources[0]?.columns ?? 0;
  return {
    rows: sources.reduce((sum, { rows }) => sum + rows, 0),
    columns,
    readRows: async (start, count) => {
      const rows = new Float32Array(count * columns);
      let first = 0;
      for (const source of sources) {
        const from = Math.max(start, first);
        const to = Math.min(start + count, first + source.rows);
        if (from < to) {
          rows.set(await source.readRows(from - first, to - from), (from - start) * columns);
        }
        first += source.rows;
      }
      return rows;
    },
  };
}

function createTensors(
  tensors: ReadonlyMap<string, TensorLocation & { handle: FileHandle }>,
  close: () => Promise<void>,
): CheckpointTensors {
  const used = new Set<string>();
  const matrix = (name: string, shape: readonly number[]): MatrixSource => {
    const tensor = tensors.get(name);
    if (!tensor) throw invalidModel(`the checkpoint lacks ${name}`);
    if (tensor.shape.join() !== shape.join()) {
      throw invalidModel(`${name} should have the shape [${shape.join(', ')}]`);
    }
    used.add(name);
    const [rows = 1, ...rest] = shape;
    const columns = rest.reduce((product, size) => product * size, 1);
    return {
      rows,
      columns,
      readRows: (start, count) => readValues(tensor, start * columns, count * columns),
    };
  };
  return {
    has: (name) => tensors.has(name),
    matrix,
    read: (name, shape) => {
      const source = matrix(name, shape);
      return source.readRows(0, source.rows);
    },
    unusedNames: () => [...tensors.keys()].filter((name) => !used.has(name)),
    close,
  };
}

async function readHeader(handle: FileHandle): Promise<Map<string, TensorLocation>> {
  const { size } = await handle.stat();
  const length = parseHeaderLength(
    await readBytes(handle, 0, Math.min(LENGTH_FIELD_BYTES, size)),
    size,
  );
  return parseSafetensorsHeader(await readBytes(handle, LENGTH_FIELD_BYTES, length), size);
}

async function readValues(
  { format, begin, handle }: TensorLocation & { handle: FileHandle },
  start: number,
  count: number,
): Promise<Float32Array> {
  if (format === 'F32') {
    const bytes = await readBytes(handle, begin + start * 4, count * 4);
    return new Float32Array(bytes.buffer);
  }
  if (format !== 'F16' && format !== 'BF16') {
    throw invalidModel(`weights in the format ${format} are not supported`);
  }
  const bytes = await readBytes(handle, begin + start * 2, count * 2);
  return decodeHalf(new Uint16Array(bytes.buffer), format === 'F16' ? 'float16' : 'bfloat16');
}

/** Reads into memory of its own, which starts at offset 0 and so may be viewed as floats. */
async function readBytes(
  handle: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw invalidModel('a weight file ends too early');
    done += bytesRead;
  }
  return bytes;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
