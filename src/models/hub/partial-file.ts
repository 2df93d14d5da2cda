import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

import type { HubFile } from './hub-snapshot.js';

/** A stretch of a file, fetched with one request. */
export interface FileRange {
  /** First byte in the file. */
  readonly begin: number;
  readonly end: number;
  /** Bytes from its beginning that are on the disk. */
  readonly doneBytes: number;
}

/** A file on its way: `NAME.partial`, and beside it `NAME.ranges`, which says how far each part is. */
export interface PartialFile {
  readonly parts: readonly FileRange[];
  /** Appends to a part, and notes it: a kill at any moment loses the bytes at hand and no others. */
  append(part: number, bytes: Buffer): Promise<void>;
  /** Bytes on the disk, of all parts. */
  doneBytes(): number;
  close(): Promise<void>;
  /** After `close`: gives the file its name. */
  complete(): Promise<void>;
  /** After `close`: deletes what came. */
  discard(): Promise<void>;
}

const IDENTITY_BYTES = 32;
const COUNT_BYTES = 4;

/**
 * Opens what an earlier run left of the same file, or begins anew. The notes are an identity (SHA-256 over what the
 * file is and how it is cut) and one unsigned 32-bit number a part, little-endian. Bytes are not forced to the disk
 * before they are noted: after a power failure the notes may promise too much, and the file's checksum shows it.
 */
export async function openPartialFile(
  path: string,
  file: HubFile,
  rangeBytes: number,
): Promise<PartialFile> {
  const names = { data: `${path}.partial`, notes: `${path}.ranges` };
  const count = Math.ceil(file.bytes / rangeBytes);
  const identity = createHash('sha256')
    .update(`${file.checksum.kind} ${file.checksum.hex} ${file.bytes} ${rangeBytes}`)
    .digest();
  const earlier = await openEarlier(names, identity, count);
  const { data, notes, done } = earlier ?? (await openNew(names, identity, count));
  const parts = Array.from({ length: count }, (_, part) => {
    const begin = part * rangeBytes;
    const end = Math.min(begin + rangeBytes, file.bytes);
    return {
      begin,
      end,
      get doneBytes() {
        return Math.min(done[part] ?? 0, end - begin);
      },
    };
  });
  return {
    parts,
    async append(part, bytes) {
      const { begin = 0, doneBytes = 0 } = parts[part] ?? {};
      await writeAll(data, bytes, begin + doneBytes);
      done[part] = doneBytes + bytes.length;
      const note = Buffer.alloc(COUNT_BYTES);
      note.writeUInt32LE(doneBytes + bytes.length);
      await writeAll(notes, note, IDENTITY_BYTES + part * COUNT_BYTES);
    },
    doneBytes: () => parts.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
    async close() {
      await data.close();
      await notes.close();
    },
    async complete() {
      await rename(names.data, path);
      await rm(names.notes, { force: true });
    },
    async discard() {
      await rm(names.notes, { force: true });
      await rm(names.data, { force: true });
    },
  };
}

interface Names {
  readonly data: string;
  readonly notes: string;
}

interface OpenFiles {
  readonly data: FileHandle;
  readonly notes: FileHandle;
  /** Bytes that are there, by part. */
  readonly done: Uint32Array;
}

/** Null where there is nothing of the same file. */
async function openEarlier(
  names: Names,
  identity: Buffer,
  count: number,
): Promise<OpenFiles | null> {
  const data = await open(names.data, 'r+').catch(() => null);
  const notes = await open(names.notes, 'r+').catch(() => null);
  const content = await notes?.readFile();
  if (
    data &&
    notes &&
    content?.length === IDENTITY_BYTES + count * COUNT_BYTES &&
    content.subarray(0, IDENTITY_BYTES).equals(identity)
  ) {
    const done = Uint32Array.from({ length: count }, (_, part) =>
      content.readUInt32LE(IDENTITY_BYTES + part * COUNT_BYTES),
    );
    return { data, notes, done };
  }
  await data?.close();
  await notes?.close();
  return null;
}

async function openNew(names: Names, identity: Buffer, count: number): Promise<OpenFiles> {
  const data = await open(names.data, 'w');
  const notes = await open(names.notes, 'w');
  await writeAll(notes, Buffer.concat([identity, Buffer.alloc(count * COUNT_BYTES)]), 0);
  return { data, notes, done: new Uint32Array(count) };
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, undefined, position + written);
    written += bytesWritten;
  }
}
