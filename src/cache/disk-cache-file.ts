import { createHash, type Hash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A named array. */
interface Plane {
  readonly name: string;
  readonly data: Float32Array | Int8Array;
}

/** Content of a cache file. */
export interface FileContent {
  /** Any JSON value. */
  readonly metadata: unknown;
  readonly planes: readonly Plane[];
}

/** Suffix of a file until all of it is written. */
export const PARTIAL_SUFFIX = '.partial';

const PLANE_TYPES = { float32: Float32Array, int8: Int8Array } as const;

type PlaneType = keyof typeof PLANE_TYPES;

interface Header {
  readonly key: string;
  readonly metadata: unknown;
  readonly planes: readonly {
    readonly name: string;
    readonly type: PlaneType;
    readonly bytes: number;
  }[];
}

/** File format: magic, uint32 LE header length, JSON header, the planes, SHA-256 of everything before it. */
const MAGIC = Buffer.from('salamandra cache 2\n');
const PREAMBLE_BYTES = MAGIC.length + 4;
const MAX_HEADER_BYTES = 4 << 20;
const DIGEST_BYTES = 32;

/**
 * Bytes per read or write. The event loop runs between two pieces and may start a graph run of many milliseconds, so
 * small pieces would make a large file slow.
 */
export const PIECE_BYTES = 8 << 20;

/** Size of the file that `writeCacheFile` creates, in bytes. */
export function cacheFileBytes(key: string, content: FileContent): number {
  return PREAMBLE_BYTES + encodeHeader(key, content).length + planeBytes(content) + DIGEST_BYTES;
}

/** Writes a file with mode 0600 and renames it when it is complete. @throws file system errors */
export async function writeCacheFile(
  path: string,
  key: string,
  content: FileContent,
): Promise<void> {
  const partial = join(dirname(path), `.${randomUUID()}${PARTIAL_SUFFIX}`);
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      const header = encodeHeader(key, content);
      const preamble = Buffer.alloc(PREAMBLE_BYTES, MAGIC);
      preamble.writeUInt32LE(header.length, MAGIC.length);
      await writePieces(file, Buffer.concat([preamble, header]), hash);
      for (const { data } of content.planes) await writePieces(file, bytesOf(data), hash);
      await file.writeFile(hash.digest());
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/**
 * Reads and verifies a file that `writeCacheFile` wrote.
 *
 * @throws Error if the hash, the size or the key does not match.
 */
export async function readCacheFile(path: string, key: string): Promise<FileContent> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256');
    const read = (bytes: number) => readPieces(file, bytes, hash);
    const preamble = Buffer.from((await read(PREAMBLE_BYTES)).buffer);
    const headerBytes = preamble.readUInt32LE(MAGIC.length);
    if (!preamble.subarray(0, MAGIC.length).equals(MAGIC) || headerBytes > MAX_HEADER_BYTES) {
      throw new Error('The file does not start with the cache file magic.');
    }
    const header = parseHeader(await read(headerBytes));
    const expected = PREAMBLE_BYTES + headerBytes + planeSum(header) + DIGEST_BYTES;
    // Checked before any plane is allocated.
    if (header.key !== key || size !== expected)
      throw new Error(
        'The header has another key, or the file another size than the header states.',
      );
    const planes: Plane[] = [];
    for (const plane of header.planes) {
      const { buffer } = await read(plane.bytes);
      planes.push({ name: plane.name, data: new PLANE_TYPES[plane.type](buffer) });
    }
    const digest = await readPieces(file, DIGEST_BYTES);
    if (!hash.digest().equals(digest)) throw new Error('The SHA-256 does not match the content.');
    return { metadata: header.metadata, planes };
  } finally {
    await file.close();
  }
}

function encodeHeader(key: string, { metadata, planes }: FileContent): Buffer {
  const header: Header = {
    key,
    metadata,
    planes: planes.map((plane) => ({
      name: plane.name,
      type: typeOf(plane.data),
      bytes: plane.data.byteLength,
    })),
  };
  return Buffer.from(JSON.stringify(header));
}

/** @throws Error if the JSON is invalid, or the size of a plane is not a multiple of its element size */
function parseHeader(bytes: Uint8Array): Header {
  const header = JSON.parse(Buffer.from(bytes).toString()) as Header;
  for (const { type, bytes: size } of header.planes) {
    const isWhole = size >= 0 && Number.isInteger(size / PLANE_TYPES[type].BYTES_PER_ELEMENT);
    if (!isWhole)
      throw new Error(`Plane of ${size} bytes is not a whole number of ${type} elements.`);
  }
  return header;
}

function typeOf(data: Plane['data']): PlaneType {
  return data instanceof Float32Array ? 'float32' : 'int8';
}

function planeBytes({ planes }: FileContent): number {
  return planes.reduce((total, { data }) => total + data.byteLength, 0);
}

function planeSum({ planes }: Header): number {
  return planes.reduce((total, { bytes }) => total + bytes, 0);
}

function bytesOf(data: Plane['data']): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function writePieces(file: FileHandle, bytes: Uint8Array, hash: Hash): Promise<void> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    const piece = bytes.subarray(start, start + PIECE_BYTES);
    hash.update(piece);
    await file.writeFile(piece);
  }
}

/** The next bytes, in a buffer of their own. @throws Error if the file is shorter */
async function readPieces(
  file: FileHandle,
  count: number,
  hash?: Hash,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  for (let start = 0; start < count;) {
    const { bytesRead } = await file.read(bytes, start, Math.min(PIECE_BYTES, count - start));
    if (bytesRead === 0) throw new Error(`The file ends ${count - start} bytes early.`);
    hash?.update(bytes.subarray(start, start + bytesRead));
    start += bytesRead;
  }
  return bytes;
}
