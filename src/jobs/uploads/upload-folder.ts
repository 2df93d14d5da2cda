import { createWriteStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Configuration } from '../../config/configuration.js';
import { storageError } from '../../errors/storage-error.js';

/** A file of a job. Both are ids of rows, never texts of a client. */
export interface UploadPlace {
  readonly job: string;
  readonly file: string;
}

const PLACE = 'folder of uploads';

/** The folder of the uploaded files of a configuration. */
export function uploadFolderOf({ home }: Pick<Configuration, 'home'>): string {
  return join(home, 'uploads');
}

/** The content of uploaded files on disk: a folder for each job, in which files are named by their ids. */
export class UploadFolder {
  /** @param path is created with the first file. */
  constructor(readonly path: string) {}

  /** Bytes that are stored so far. @throws STORAGE_UNAVAILABLE */
  async size(place: UploadPlace): Promise<number> {
    try {
      return (await stat(this.pathOf(place))).size;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw storageError(cause, PLACE);
    }
  }

  /**
   * Appends bytes. Those that arrived before a failure stay.
   *
   * @param offset the number of bytes so far; 0 begins the file anew.
   * @throws STORAGE_FULL, STORAGE_UNAVAILABLE, the errors of `chunks`
   */
  async append(place: UploadPlace, offset: number, chunks: Readable): Promise<void> {
    const path = this.pathOf(place);
    try {
      await mkdir(join(this.path, place.job), { recursive: true, mode: 0o700 });
      const flags = offset === 0 ? 'w' : 'r+';
      await pipeline(chunks, createWriteStream(path, { flags, start: offset, mode: 0o600 }));
    } catch (cause) {
      // Errors of the operating system name the call that failed. `read` is that of the connection.
      const isDisk = cause instanceof Error && 'syscall' in cause && cause.syscall !== 'read';
      throw isDisk ? storageError(cause, PLACE) : cause;
    }
  }

  /** Waits until a file is on disk. @returns its first bytes. @throws STORAGE_FULL, STORAGE_UNAVAILABLE */
  async sync(place: UploadPlace, headBytes: number): Promise<Buffer> {
    try {
      const handle = await open(this.pathOf(place), 'r+');
      try {
        await handle.sync();
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    } catch (cause) {
      throw storageError(cause, PLACE);
    }
  }

  async remove(place: UploadPlace): Promise<void> {
    await rm(this.pathOf(place), { force: true }).catch(() => undefined);
  }

  /** Removes all files of a job. */
  async removeJob(job: string): Promise<void> {
    await rm(join(this.path, job), { recursive: true, force: true }).catch(() => undefined);
  }

  private pathOf({ job, file }: UploadPlace): string {
    return join(this.path, job, file);
  }
}
