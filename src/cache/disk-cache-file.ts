import { createHash, type Hash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Numbers of a file, under a name. */
interface Plane {
  readonly name: string;
  readonly data: Float32Array | Int8Array;
}

/** What a file holds: a note of any shape that JSON takes, and planes. */
export interface FileContent {
  readonly note: unknown;
  readonly planes: readonly Plane[];
}

/** Where a file that is being written lies until it is whole. */
export const PARTIAL_SUFFIX = '.partial';

const PLANE_TYPES = { float32: Float32Array, int8: Int8Array } as const;

type PlaneType = keyof typeof PLANE_TYPES;

interface Header {
  readonly name: string;
  readonly note: unknown;
  readonly planes: readonly {
    readonly name: string;
    readonly type: PlaneType;
    readonly bytes: number;
  }[];
}

/** The file: this, the header's length as uint32, the header as JSON, the planes one behind the other, SHA-256 of all that. */
const MAGIC = Buffer.from('salamandra kept 1\n');
const PREAMBLE_BYTES = MAGIC.length + 4;
const MAX_HEADER_BYTES = 4 << 20;
const DIGEST_BYTES = 32;

/**
 * Bytes read or written and hashed in one go. Other work of this process has its turn between two of them, which may be a
 * run of the model: small pieces of a large file would take longer than what they spare.
 */
export const PIECE_BYTES = 8 << 20;

/** Bytes of the file that `writeKeptFile` makes. */
export function keptFileBytes(name: string, content: FileContent): number {
  return PREAMBLE_BYTES + encodeHeader(name, content).length + planeBytes(content) + DIGEST_BYTES;
}

/** Writes a file that only its owner can read; it has its name as soon as it is whole. @throws what the disk throws */
export async function writeKeptFile(
  path: string,
  name: string,
  content: FileContent,
): Promise<void> {
  const partial = join(dirname(path), `.${randomUUID()}${PARTIAL_SUFFIX}`);
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      const header = encodeHeader(name, content);
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
 * Reads a file that `writeKeptFile` wrote.
 *
 * @throws an error unless every byte of it is as it was written, under this name.
 */
export async function readKeptFile(path: string, name: string): Promise<FileContent> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256');
    const read = (bytes: number) => readPieces(file, bytes, hash);
    const preamble = Buffer.from((await read(PREAMBLE_BYTES)).buffer);
    const headerBytes = preamble.readUInt32LE(MAGIC.length);
    if (!preamble.subarray(0, MAGIC.length).equals(MAGIC) || headerBytes > MAX_HEADER_BYTES) {
      throw new Error('The file is of another kind.');
    }
    const header = parseHeader(await read(headerBytes));
    const expected = PREAMBLE_BYTES + headerBytes + planeSum(header) + DIGEST_BYTES;
    // Before memory is taken for planes that are not there.
    if (header.name !== name || size !== expected) throw new Error('The file is another one.');
    const planes: Plane[] = [];
    for (const plane of header.planes) {
      const { buffer } = await read(plane.bytes);
      planes.push({ name: plane.name, data: new PLANE_TYPES[plane.type](buffer) });
    }
    const digest = await readPieces(file, DIGEST_BYTES);
    if (!hash.digest().equals(digest)) throw new Error('The file was damaged.');
    return { note: header.note, planes };
  } finally {
    await file.close();
  }
}

function encodeHeader(name: string, { note, planes }: FileContent): Buffer {
  const header: Header = {
    name,
    note,
    planes: planes.map((plane) => ({
      name: plane.name,
      type: typeOf(plane.data),
      bytes: plane.data.byteLength,
    })),
  };
  return Buffer.from(JSON.stringify(header));
}

/** @throws when the text is no header */
function parseHeader(bytes: Uint8Array): Header {
  const header = JSON.parse(Buffer.from(bytes).toString()) as Header;
  for (const { type, bytes: size } of header.planes) {
    const isWhole = size >= 0 && Number.isInteger(size / PLANE_TYPES[type].BYTES_PER_ELEMENT);
    if (!isWhole) throw new Error('The file has a plane of another size.');
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

/** The next bytes, in memory of their own. @throws when the file has fewer */
async function readPieces(
  file: FileHandle,
  count: number,
  hash?: Hash,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  for (let start = 0; start < count;) {
    const { bytesRead } = await file.read(bytes, start, Math.min(PIECE_BYTES, count - start));
    if (bytesRead === 0) throw new Error('The file ends early.');
    hash?.update(bytes.subarray(start, start + bytesRead));
    start += bytesRead;
  }
  return bytes;
}
