import {
  type JsonObject,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
} from '../../package/json-fields.js';
import { invalidCheckpoint, invalidModel, quoteName } from '../../package/invalid-model.js';
import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';

/** Position of a tensor: `begin` and `end` are byte offsets in the file. */
interface TensorLocation {
  /** Data type as in the header, for example `BF16`. */
  readonly format: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What a header says about a tensor. */
export interface TensorHeader extends Pick<TensorLocation, 'format' | 'shape'> {
  /** As in the file. */
  readonly name: string;
  /** Name of the file. */
  readonly file: string;
}

/** A file starts with the length of its JSON header as a little-endian uint64. */
export const LENGTH_FIELD_BYTES = 8;

/**
 * Start of a git-lfs pointer. As a length, its first 8 bytes exceed every limit. Source:
 * https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
 */
export const LFS_POINTER_START = 'version https://git-lfs.github.com/spec/v1';

/** Completes `the file is …`. */
export const LFS_POINTER_PROBLEM =
  'a git-lfs pointer, not the content. Run `git lfs pull` in the folder, or download the model with `npx salamandra pull OWNER/NAME`';

/** Limit of the reference implementation. An 8B model has a header of 100 kB. */
const MAX_HEADER_BYTES = 100_000_000;

/** Bytes per value of all data types of the format; only some are supported for weights. */
const BYTES_PER_VALUE: Readonly<Record<string, number>> = {
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U8: 1,
  I8: 1,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  F32: 4,
  I32: 4,
  U32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

/**
 * Parses the length field, the first 8 bytes of a safetensors file.
 *
 * @param fileBytes size of the file.
 * @returns length of the header in bytes.
 * @throws MODEL_INVALID if the header is empty, larger than 100 MB or longer than the file.
 */
export function parseHeaderLength(bytes: Uint8Array, fileBytes: number): number {
  if (bytes.length < LENGTH_FIELD_BYTES) {
    throw invalidModel(
      `a safetensors file has at least 8 bytes, found ${bytes.length}. Download it again`,
    );
  }
  if (LFS_POINTER_START.startsWith(new TextDecoder('latin1').decode(bytes.subarray(0, 8)))) {
    throw invalidModel(`the file is ${LFS_POINTER_PROBLEM}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_FIELD_BYTES);
  // Compared as bigint because a uint64 may exceed the range of a number.
  const length = view.getBigUint64(0, true);
  if (length < 2n || length > BigInt(MAX_HEADER_BYTES)) {
    throw invalidModel(
      `the safetensors header must have 2 to ${MAX_HEADER_BYTES} bytes, found ${length}`,
    );
  }
  if (Number(length) > fileBytes - LENGTH_FIELD_BYTES) {
    throw invalidModel(
      `the file is truncated: its header ends at byte ${LENGTH_FIELD_BYTES + Number(length)}, found ${fileBytes} bytes. Download it again`,
    );
  }
  return Number(length);
}

/**
 * Parses and validates a safetensors header (https://huggingface.co/docs/safetensors): known data types, sizes that
 * match the shapes, and tensors that cover the data section without gaps or overlaps.
 *
 * @param header the JSON after the length field.
 * @param fileBytes size of the file.
 * @throws MODEL_INVALID
 */
export function parseSafetensorsHeader(
  header: Uint8Array,
  fileBytes: number,
): Map<string, TensorLocation> {
  const json = parseHeaderJson(header);
  const dataBegin = LENGTH_FIELD_BYTES + header.length;
  const locations = new Map<string, TensorLocation>();
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') checkMetadata(checkObject(value, '__metadata__'));
    else locations.set(name, parseLocation(value, quoteName(name), dataBegin));
  }
  checkCoverage([...locations.values()], dataBegin, fileBytes);
  return locations;
}

function parseHeaderJson(header: Uint8Array): JsonObject {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidModel('the safetensors header is not valid UTF-8 JSON', cause);
  }
  // Required by the format, to exclude files that are valid in two formats (polyglots).
  if (!text.startsWith('{')) throw invalidModel('the safetensors header must start with {');
  const json = checkObject(value, 'the safetensors header');
  if (countKeys(text) !== Object.keys(json).length) {
    throw invalidModel('the safetensors header contains a duplicate tensor name');
  }
  return json;
}

/** Counts the keys of the root object of valid JSON. JSON.parse would drop duplicate keys silently. */
function countKeys(text: string): number {
  let depth = 0;
  let keys = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (character === ':' && depth === 1) keys++;
  }
  return keys;
}

function checkMetadata(json: JsonObject): void {
  if (Object.values(json).some((value) => typeof value !== 'string')) {
    throw invalidModel('the values of __metadata__ must be strings');
  }
}

function parseLocation(value: unknown, name: string, dataBegin: number): TensorLocation {
  const json = checkObject(value, `the entry of ${name}`);
  const format = checkOneOf(json['dtype'], `dtype of ${name}`, Object.keys(BYTES_PER_VALUE));
  const size = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const label = `shape of ${name}`;
  const shape =
    Array.isArray(json['shape']) && json['shape'].length === 0
      ? []
      : checkList(json['shape'], label, 8, (item) => checkInteger(item, label, size));
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER - dataBegin };
  const offsets = checkList(json['data_offsets'], `data_offsets of ${name}`, 2, (item) =>
    checkInteger(item, `data_offsets of ${name}`, range),
  );
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || begin > end) {
    throw invalidModel(`data_offsets of ${name} must be two ascending numbers`);
  }
  let bytes = BYTES_PER_VALUE[format] ?? 0;
  for (const length of shape) {
    bytes *= length;
    if (!Number.isSafeInteger(bytes)) {
      throw invalidModel(`the shape [${shape.join(', ')}] of ${name} is too large`);
    }
  }
  if (bytes !== end - begin) {
    throw invalidModel(
      `${name} has the type ${format} and the shape [${shape.join(', ')}], which need ${bytes} bytes; its data_offsets span ${end - begin}`,
    );
  }
  return { format, shape, begin: dataBegin + begin, end: dataBegin + end };
}

function checkCoverage(locations: TensorLocation[], dataBegin: number, fileBytes: number): void {
  const sorted = locations.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = dataBegin;
  for (const { begin, end } of sorted) {
    if (begin !== position)
      throw invalidModel(`the tensors leave a gap or overlap at byte ${position}`);
    position = end;
  }
  if (position > fileBytes) {
    throw invalidModel(
      `the file is truncated: its header describes ${position} bytes, found ${fileBytes}. Download it again`,
    );
  }
  if (position < fileBytes) {
    throw invalidModel(
      `the file has ${fileBytes} bytes, but its header describes only ${position}. Download it again`,
    );
  }
}

/** MODEL_INVALID for a tensor. @param problem clause whose subject is the tensor */
export function invalidTensor({ name, file }: TensorHeader, problem: string): Error {
  return invalidCheckpoint(file, `${quoteName(name)} ${problem}`);
}

/** A tensor in an open safetensors file. */
export interface StoredTensor extends TensorHeader {
  readonly bytes: number;
  /**
   * Reads bytes `start` to `start + target.length` of the tensor.
   *
   * @throws MODEL_INVALID if the file is truncated.
   */
  read(target: Uint8Array, start: number): void;
}

/** An open safetensors file. */
export interface SafetensorsFile {
  /** By name, sorted by position in the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  close(): Promise<void>;
}

/** Opens a safetensors file and parses its header; tensor data is read on demand. @throws MODEL_INVALID */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await open(path).catch((cause: unknown) => {
    throw invalidCheckpoint(basename(path), 'the file cannot be opened', cause);
  });
  try {
    const locations = [...(await readHeader(handle))].sort(([, a], [, b]) => a.begin - b.begin);
    const file = basename(path);
    const tensors = locations.map(
      ([name, location]) => [name, storedTensor(handle, { name, file }, location)] as const,
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

function storedTensor(
  handle: FileHandle,
  origin: Pick<TensorHeader, 'name' | 'file'>,
  { format, shape, begin, end }: TensorLocation,
): StoredTensor {
  return {
    ...origin,
    format,
    shape,
    bytes: end - begin,
    read: (target, start) => {
      if (start + target.length > end - begin)
        throw new RangeError('The range exceeds the tensor.');
      readFully(handle, target, begin + start);
    },
  };
}

/** Synchronous: for reads of megabytes this takes half the time of the thread pool. */
function readFully(handle: FileHandle, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length;) {
    const bytes = readSync(handle.fd, target, done, target.length - done, position + done);
    if (bytes === 0) {
      throw invalidModel(`the file is truncated at byte ${position + done}. Download it again`);
    }
    done += bytes;
  }
}
