import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

import type { HubFile } from './hub-snapshot.js';

/** A range of a file, downloaded with one Range request (more if it is interrupted). */
export interface FileRange {
  /** Offset of the first byte. */
  readonly begin: number;
  readonly end: number;
  /** Bytes of the range that are written, from `begin`. */
  readonly doneBytes: number;
}

/** A resumable download: `NAME.partial` holds the data, `NAME.ranges` the progress of each range. */
export interface PartialFile {
  readonly ranges: readonly FileRange[];
  /** Appends to a range and records the progress. A kill loses at most these bytes. */
  append(range: number, bytes: Buffer): Promise<void>;
  /** Written bytes of all ranges. */
  doneBytes(): number;
  close(): Promise<void>;
  /** After `close`: renames the data to its final name. */
  complete(): Promise<void>;
  /** After `close`: deletes both files. */
  discard(): Promise<void>;
}

const IDENTITY_BYTES = 32;
const COUNT_BYTES = 4;

/**
 * Resumes an earlier download of the same file, or starts a new one. Format of `NAME.ranges`: 32 bytes identity
 * (SHA-256 of checksum, size and range size), then a little-endian uint32 of written bytes per range. Data is not
 * synced before the progress is recorded: after a power failure the progress may be too high, which the checksum of the
 * file detects.
 */
export async function openPartialFile(
  path: string,
  file: HubFile,
  rangeBytes: number,
): Promise<PartialFile> {
  const paths = { data: `${path}.partial`, progress: `${path}.ranges` };
  const count = Math.ceil(file.bytes / rangeBytes);
  const identity = createHash('sha256')
    .update(`${file.checksum.kind} ${file.checksum.hex} ${file.bytes} ${rangeBytes}`)
    .digest();
  const existing = await openExisting(paths, identity, count);
  const { data, progress, done } = existing ?? (await openNew(paths, identity, count));
  const ranges = Array.from({ length: count }, (_, index) => {
    const begin = index * rangeBytes;
    const end = Math.min(begin + rangeBytes, file.bytes);
    return {
      begin,
      end,
      get doneBytes() {
        return Math.min(done[index] ?? 0, end - begin);
      },
    };
  });
  return {
    ranges,
    async append(range, bytes) {
      const { begin = 0, doneBytes = 0 } = ranges[range] ?? {};
      await writeAll(data, bytes, begin + doneBytes);
      done[range] = doneBytes + bytes.length;
      const written = Buffer.alloc(COUNT_BYTES);
      written.writeUInt32LE(doneBytes + bytes.length);
      await writeAll(progress, written, IDENTITY_BYTES + range * COUNT_BYTES);
    },
    doneBytes: () => ranges.reduce((sum, { doneBytes }) => sum + doneBytes, 0),
    async close() {
      await data.close();
      await progress.close();
    },
    async complete() {
      await rename(paths.data, path);
      await rm(paths.progress, { force: true });
    },
    async discard() {
      await rm(paths.progress, { force: true });
      await rm(paths.data, { force: true });
    },
  };
}

interface Paths {
  readonly data: string;
  readonly progress: string;
}

interface OpenFiles {
  readonly data: FileHandle;
  readonly progress: FileHandle;
  /** Written bytes per range. */
  readonly done: Uint32Array;
}

/** `null` if there is no partial download of the same file. */
async function openExisting(
  paths: Paths,
  identity: Buffer,
  count: number,
): Promise<OpenFiles | null> {
  const data = await open(paths.data, 'r+').catch(() => null);
  const progress = await open(paths.progress, 'r+').catch(() => null);
  const content = await progress?.readFile();
  if (
    data &&
    progress &&
    content?.length === IDENTITY_BYTES + count * COUNT_BYTES &&
    content.subarray(0, IDENTITY_BYTES).equals(identity)
  ) {
    const done = Uint32Array.from({ length: count }, (_, range) =>
      content.readUInt32LE(IDENTITY_BYTES + range * COUNT_BYTES),
    );
    return { data, progress, done };
  }
  await data?.close();
  await progress?.close();
  return null;
}

async function openNew(paths: Paths, identity: Buffer, count: number): Promise<OpenFiles> {
  const data = await open(paths.data, 'w');
  const progress = await open(paths.progress, 'w');
  await writeAll(progress, Buffer.concat([identity, Buffer.alloc(count * COUNT_BYTES)]), 0);
  return { data, progress, done: new Uint32Array(count) };
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, undefined, position + written);
    written += bytesWritten;
  }
}
