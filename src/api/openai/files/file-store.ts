import { createReadStream, type ReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../../errors/salamandra-error.js';
import type { JobDatabase } from '../../../jobs/database/job-database.js';
import { deleteExpiredFiles, knownFiles } from '../../../jobs/files.js';
import { randomId } from '../../../jobs/jobs.js';

/** Characters of an id after its prefix. */
const ID_CHARACTERS = 24;
/** Milliseconds after which content without a row is a leftover of a process that was killed. */
const LEFTOVER_MS = 3_600_000;
const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Content that was received, and that no row names yet. */
export interface ReceivedContent {
  readonly id: string;
  readonly bytes: number;
}

/**
 * The content of stored files, one file on disk for each, named by its id. Content is complete and on disk before its
 * row is stored, and a row is deleted before its content: a process that is killed leaves content without a row at
 * worst, which `sweep` removes.
 */
export class FileStore {
  /** @param folder is created with the first file. */
  constructor(private readonly folder: string) {}

  /**
   * Writes content to disk.
   *
   * @param id of the file. Content with the same id is replaced at once. Default: a new id.
   * @throws STORAGE_FULL, STORAGE_UNAVAILABLE, every error of `chunks`; nothing stays on disk then.
   */
  async write(
    chunks: AsyncIterable<Uint8Array>,
    id = `file-${randomId(ID_CHARACTERS)}`,
  ): Promise<ReceivedContent> {
    const part = join(this.folder, `${id}.${randomId(6)}.part`);
    const handle = await this.create(part);
    let bytes = 0;
    try {
      for await (const chunk of chunks) {
        await onDisk(handle.write(chunk));
        bytes += chunk.length;
      }
      await onDisk(handle.sync());
      await onDisk(handle.close());
      await onDisk(rename(part, this.pathOf(id)));
    } catch (error) {
      await handle.close().catch(() => undefined);
      await rm(part, { force: true }).catch(() => undefined);
      throw error;
    }
    return { id, bytes };
  }

  async remove(id: string): Promise<void> {
    await rm(this.pathOf(id), { force: true }).catch(() => undefined);
  }

  /** @throws STORAGE_UNAVAILABLE if the content is not on this machine. */
  async read(id: string, range: { start?: number; end?: number } = {}): Promise<ReadStream> {
    const path = this.pathOf(id);
    const status = await stat(path).catch((cause: unknown) => {
      throw missingContent(cause);
    });
    if (!status.isFile()) throw missingContent();
    return createReadStream(path, range);
  }

  /** Reads a part of a file. @throws STORAGE_UNAVAILABLE if the content is not on this machine, or shorter. */
  async readPart(id: string, offset: number, bytes: number): Promise<Buffer> {
    const handle = await open(this.pathOf(id)).catch((cause: unknown) => {
      throw missingContent(cause);
    });
    try {
      const { buffer, bytesRead } = await onDisk(
        handle.read(Buffer.alloc(bytes), 0, bytes, offset),
      );
      if (bytesRead < bytes) throw missingContent();
      return buffer;
    } finally {
      await handle.close();
    }
  }

  /** Removes files that have expired, and content without a row. */
  async sweep(database: JobDatabase): Promise<void> {
    await deleteExpiredFiles(database);
    const names = await readdir(this.folder).catch(() => []);
    const known = await knownFiles(database, names);
    for (const name of names) {
      if (known.has(name) || !/^file-\w+/.test(name)) continue;
      const path = join(this.folder, name);
      const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
      if (age > LEFTOVER_MS) await rm(path, { force: true }).catch(() => undefined);
    }
  }

  private async create(path: string): Promise<FileHandle> {
    await onDisk(mkdir(this.folder, { recursive: true, mode: 0o700 }));
    return await onDisk(open(path, 'wx', 0o600));
  }

  /** @param id of a row: never a text of a client. */
  private pathOf(id: string): string {
    return join(this.folder, id);
  }
}

/** @throws STORAGE_FULL, STORAGE_UNAVAILABLE */
async function onDisk<T>(operation: Promise<T>): Promise<T> {
  return await operation.catch((cause: unknown) => {
    const isFull = FULL.has((cause as NodeJS.ErrnoException).code);
    throw isFull
      ? new SalamandraError(
          'STORAGE_FULL',
          'The disk of the service is full. Delete files, or try again later.',
          { cause },
        )
      : new SalamandraError(
          'STORAGE_UNAVAILABLE',
          'The service cannot use its folder of files. Try again later; its operator finds the reason in the log.',
          { cause },
        );
  });
}

function missingContent(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'STORAGE_UNAVAILABLE',
    'The content of the file is not in SALAMANDRA_HOME of this service. Services that share a database must share its folder "files".',
    { cause },
  );
}
