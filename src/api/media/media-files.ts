import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** The temporary files of one request. They are removed together. */
export interface FileScope {
  /** An unused random path, independent of the client's file name. */
  newPath(): Promise<string>;
  /** Writes chunks to a new file. @throws STORAGE_FULL, every error of `chunks`; the file is removed in that case. */
  write(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string>;
  /** Removes all files. A file that is still being written is removed at the end of its write. */
  release(): Promise<void>;
}

/** Folder names carry the process id, so that folders of dead processes can be found. */
const FOLDER_NAME = /^visual-salamandra-(\d+)-/;

/** Tells the folders of this process from those of a crashed one with the same id, which is common in containers. */
const ownFolders = new Set<string>();

/** Temporary files of videos, in a folder that only this user can read and that is removed with the process. */
@Injectable()
export class MediaFiles implements OnModuleInit, OnModuleDestroy {
  private folder: Promise<string> | undefined;

  async onModuleInit(): Promise<void> {
    await removeLeftovers();
  }

  openScope(): FileScope {
    const paths: string[] = [];
    let isReleased = false;

    const newPath = async () => {
      const path = join(await this.openFolder(), randomUUID());
      paths.push(path);
      return path;
    };

    return {
      newPath,
      async write(chunks) {
        const path = await newPath();
        try {
          await pipeline(chunks, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
        } catch (error) {
          await removeFile(path);
          throw toStorageError(error);
        }
        if (isReleased) await removeFile(path);
        return path;
      },
      async release() {
        isReleased = true;
        await Promise.all(paths.splice(0).map(removeFile));
      },
    };
  }

  /** Creates the folder on the first call, and again after a failed call. */
  private openFolder(): Promise<string> {
    this.folder ??= createFolder().catch((error: unknown) => {
      this.folder = undefined;
      throw error;
    });
    return this.folder;
  }

  async onModuleDestroy(): Promise<void> {
    if (!this.folder) return;
    const folder = await this.folder;
    await rm(folder, { recursive: true, force: true });
    ownFolders.delete(folder);
  }
}

async function createFolder(): Promise<string> {
  try {
    const folder = await mkdtemp(join(tmpdir(), `visual-salamandra-${process.pid}-`));
    ownFolders.add(folder);
    return folder;
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Removes this user's folders of dead processes. A folder that cannot be removed stays until the next start. */
async function removeLeftovers(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = Number(FOLDER_NAME.exec(name)?.[1]);
    const folder = join(tmpdir(), name);
    if (Number.isNaN(pid) || ownFolders.has(folder)) continue;
    if (pid !== process.pid && isAlive(pid)) continue;
    if (!(await isOwn(folder))) continue;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Whether a folder belongs to this user. Always true on Windows, where each user has their own temporary folder. */
async function isOwn(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  return stats !== undefined && (!process.getuid || stats.uid === process.getuid());
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Retries, since Windows does not remove a file that a terminating process still has open. */
async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true, maxRetries: 5 }).catch(() => undefined);
}

const STORAGE_ERRORS: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES']);

function toStorageError(error: unknown): unknown {
  return STORAGE_ERRORS.has((error as NodeJS.ErrnoException | undefined)?.code)
    ? new SalamandraError(
        'STORAGE_FULL',
        'The temporary folder of the service is full or not writable.',
        { cause: error },
      )
    : error;
}
