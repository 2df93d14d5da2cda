import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** The files of one piece of work. They go together. */
export interface FileScope {
  /** A path that nothing has yet. It says nothing about the client's name for the file. */
  newPath(): Promise<string>;
  /** Writes chunks as they come. @throws STORAGE_FULL and what the chunks throw; nothing is left then. */
  write(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string>;
  /** Removes every file, and what is still being written as soon as that ends. */
  release(): Promise<void>;
}

/** Our folders in the system's temporary folder carry the id of their process, so that leftovers show. */
const FOLDER_NAME = /^visual-salamandra-(\d+)-/;

/** The folders of this process. A crashed one may have had its id: in a container it often does. */
const ownFolders = new Set<string>();

/** Clips on their way to the model: in a folder that only this user can read and that goes with the process. */
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

  /** Made when it is first needed; one that could not be made is tried again. */
  private openFolder(): Promise<string> {
    this.folder ??= makeFolder().catch((error: unknown) => {
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

async function makeFolder(): Promise<string> {
  try {
    const folder = await mkdtemp(join(tmpdir(), `visual-salamandra-${process.pid}-`));
    ownFolders.add(folder);
    return folder;
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Removes this user's folders of processes that are gone. What cannot be removed waits for the next start. */
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

/** Whether this user made a folder; always on Windows, where everybody has a temporary folder of their own. */
async function isOwn(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  return stats !== undefined && (!process.getuid || stats.uid === process.getuid());
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Retries: on Windows a file stays as long as a process that is being ended has it open. */
async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true, maxRetries: 5 }).catch(() => undefined);
}

const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES']);

function toStorageError(error: unknown): unknown {
  return FULL.has((error as NodeJS.ErrnoException | undefined)?.code)
    ? new SalamandraError('STORAGE_FULL', 'There is no room for the clip.', { cause: error })
    : error;
}
