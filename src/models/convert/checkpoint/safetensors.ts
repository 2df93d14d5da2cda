import {
  type JsonObject,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Where one tensor lies: `begin` and `end` count bytes from the start of the file. */
export interface TensorLocation {
  /** The format's own name, `BF16` for instance. */
  readonly format: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Length of the field at the start of a file that says how long the header is. */
export const LENGTH_FIELD_BYTES = 8;

/** The limit of the reference reader; the header of an 8-billion-parameter model takes 100 kB. */
const MAX_HEADER_BYTES = 100_000_000;

/** Bytes a value; formats that no weight comes in may stand in a file but cannot be read. */
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
 * Checks the first eight bytes of a file of `fileBytes` and returns the length of the header after them.
 *
 * @throws MODEL_INVALID when the header is empty, above 100 MB or longer than the file.
 */
export function parseHeaderLength(bytes: Uint8Array, fileBytes: number): number {
  if (bytes.length < LENGTH_FIELD_BYTES) throw invalidModel('a weight file is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_FIELD_BYTES);
  // 64 bits do not fit a number, so the limit is applied before the conversion.
  const length = view.getBigUint64(0, true);
  if (length < 2n || length > BigInt(MAX_HEADER_BYTES)) {
    throw invalidModel(`a weight file's header must have 2 to ${MAX_HEADER_BYTES} bytes`);
  }
  if (Number(length) > fileBytes - LENGTH_FIELD_BYTES) {
    throw invalidModel('a weight file ends inside its header');
  }
  return Number(length);
}

/**
 * Parses the header of a safetensors file: every tensor has a known format, as many bytes as its shape needs,
 * and together they cover the data without a gap, an overlap or a rest.
 *
 * @param header the JSON after the length field. @param fileBytes length of the whole file.
 * @throws MODEL_INVALID otherwise.
 */
export function parseSafetensorsHeader(
  header: Uint8Array,
  fileBytes: number,
): Map<string, TensorLocation> {
  const json = parseHeaderJson(header);
  const dataBegin = LENGTH_FIELD_BYTES + header.length;
  const locations = new Map<string, TensorLocation>();
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') checkMetadata(checkObject(value, 'metadata'));
    else locations.set(name, parseLocation(checkObject(value, 'a tensor'), dataBegin, fileBytes));
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
    throw invalidModel('the header of a weight file is not JSON', cause);
  }
  // The format starts with the brace, so that a file cannot be two things at once.
  if (!text.startsWith('{')) throw invalidModel('the header of a weight file is not an object');
  const json = checkObject(value, 'the header of a weight file');
  if (countKeys(text) !== Object.keys(json).length) {
    throw invalidModel('the header of a weight file names a tensor twice');
  }
  return json;
}

/** Counts the keys of the outermost object of valid JSON, repeated ones included. */
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
    throw invalidModel('the metadata of a weight file must be texts');
  }
}

function parseLocation(json: JsonObject, dataBegin: number, fileBytes: number): TensorLocation {
  const format = checkOneOf(json['dtype'], 'dtype', Object.keys(BYTES_PER_VALUE));
  const size = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const shape =
    Array.isArray(json['shape']) && json['shape'].length === 0
      ? []
      : checkList(json['shape'], 'shape', 8, (item, label) => checkInteger(item, label, size));
  const offsets = checkList(json['data_offsets'], 'data_offsets', 2, (item, label) =>
    checkInteger(item, label, { min: 0, max: fileBytes - dataBegin }),
  );
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || begin > end) {
    throw invalidModel('data_offsets must be two rising numbers');
  }
  let bytes = BYTES_PER_VALUE[format] ?? 0;
  for (const length of shape) {
    bytes *= length;
    if (!Number.isSafeInteger(bytes)) throw invalidModel('the shape of a tensor is too large');
  }
  if (bytes !== end - begin) throw invalidModel('the shape of a tensor does not match its bytes');
  return { format, shape, begin: dataBegin + begin, end: dataBegin + end };
}

function checkCoverage(locations: TensorLocation[], dataBegin: number, fileBytes: number): void {
  const sorted = locations.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = dataBegin;
  for (const { begin, end } of sorted) {
    if (begin !== position)
      throw invalidModel('the tensors of a weight file leave a gap or overlap');
    position = end;
  }
  if (position !== fileBytes)
    throw invalidModel('a weight file has bytes that belong to no tensor');
}

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
export interface SafetensorsFile {
  /** By the names that the file has for them, in the order of their places. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  close(): Promise<void>;
}

/** Opens a safetensors file and reads its header; values are read on demand. @throws MODEL_INVALID */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
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
