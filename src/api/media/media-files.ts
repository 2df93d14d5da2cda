import { randomUUID } from 'node:crypto';
import {
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { DEFAULT_TEMPORARY_BYTES } from '../../config/limits.js';
import { isAbandoned, LOCK_OWNER } from '../../config/lock-owner.js';
import { storageError } from '../../errors/storage-error.js';
import { DiskQuota } from './disk-quota.js';

/** The temporary files of one request. They are removed together. */
export interface FileScope {
  /**
   * Writes chunks to a new file with a random name. The file is removed if the write fails.
   *
   * @throws STORAGE_FULL, STORAGE_UNAVAILABLE, the codes of `DiskQuota.take`, every error of `chunks`.
   */
  write(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string>;
  /** Removes all files. A file that is still being written is removed at the end of its write. */
  release(): Promise<void>;
}

/**
 * The service updates the modification time of its lock file. The folder of another process is a leftover if that
 * process is gone, or without an update for STALE_MS if it ran in another container, which has process ids of its own.
 */
const LOCK_FILE = 'lock';
const HEARTBEAT_MS = 10_000;
const STALE_MS = 120_000;

/** Ends with six random characters of `mkdtemp`. */
const FOLDER_PREFIX = 'visual-salamandra-';
const FOLDER_NAME = /^visual-salamandra-\w{6}$/;

/**
 * Temporary files of videos and large images, in a folder that only this user can read and that is removed with the
 * process. The folder is made again when something else has removed it.
 */
@Injectable()
export class MediaFiles implements OnModuleInit, OnModuleDestroy {
  private folder: Promise<string> | undefined;
  private timers: NodeJS.Timeout[] = [];

  /** @param parent the temporary folder of the system. */
  constructor(
    private readonly parent = tmpdir(),
    private readonly quota = new DiskQuota(DEFAULT_TEMPORARY_BYTES),
  ) {}

  async onModuleInit(): Promise<void> {
    await this.removeLeftovers();
    // A folder of another container that crashed just before this start becomes stale later.
    this.timers = [
      setInterval(() => void this.keepLocked(), HEARTBEAT_MS).unref(),
      setInterval(() => void this.removeLeftovers(), STALE_MS).unref(),
    ];
  }

  /** @param client whose share of the quota the files use. */
  openScope(client = ''): FileScope {
    const files: TemporaryFile[] = [];
    let isReleased = false;
    const remove = async (file: TemporaryFile) => {
      await removeFile(file.path);
      this.quota.release(client, file.bytes);
      file.bytes = 0;
    };
    return {
      write: async (chunks) => {
        const { path, handle } = await this.createFile();
        const file: TemporaryFile = { path, bytes: 0 };
        files.push(file);
        const source = observe(chunks, (bytes) => {
          this.quota.take(client, bytes);
          file.bytes += bytes;
        });
        try {
          await pipeline(source.chunks, handle.createWriteStream());
        } catch (error) {
          await remove(file);
          throw source.hasThrown(error) ? error : storageError(error);
        }
        if (isReleased) await remove(file);
        return path;
      },
      async release() {
        isReleased = true;
        await Promise.all(files.splice(0).map(remove));
      },
    };
  }

  /** @throws STORAGE_FULL, STORAGE_UNAVAILABLE */
  private async createFile(): Promise<{ readonly path: string; readonly handle: FileHandle }> {
    const folder = this.openFolder();
    try {
      try {
        return await createFileIn(await folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        // Another request may have made the folder again in the meantime.
        if (this.folder === folder) this.folder = undefined;
        return await createFileIn(await this.openFolder());
      }
    } catch (error) {
      throw storageError(error);
    }
  }

  /** Creates the folder on the first call, and again after a failed call. */
  private openFolder(): Promise<string> {
    const folder = (this.folder ??= createFolder(this.parent));
    folder.catch(() => {
      if (this.folder === folder) this.folder = undefined;
    });
    return folder;
  }

  private async keepLocked(): Promise<void> {
    const folder = await this.folder?.catch(() => undefined);
    if (folder !== undefined) await touchLock(folder).catch(() => undefined);
  }

  /** Removes this user's folders without a running process. One that cannot be removed stays until the next attempt. */
  private async removeLeftovers(): Promise<void> {
    const own = await this.folder?.catch(() => undefined);
    const names = await readdir(this.parent).catch(() => []);
    for (const name of names) {
      const folder = join(this.parent, name);
      if (!FOLDER_NAME.test(name) || folder === own || !(await isLeftover(folder))) continue;
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  async onModuleDestroy(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    const folder = await this.folder?.catch(() => undefined);
    if (folder === undefined) return;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function createFileIn(folder: string) {
  const path = join(folder, randomUUID());
  return { path, handle: await open(path, 'wx', 0o600) };
}

async function createFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, FOLDER_PREFIX));
  await touchLock(folder);
  return folder;
}

/** Also creates the lock file where it is missing: a temp cleaner may have removed it. */
async function touchLock(folder: string): Promise<void> {
  await writeFile(join(folder, LOCK_FILE), LOCK_OWNER, { mode: 0o600 });
}

/**
 * Whether a folder belongs to this user and to no running process. Folders of other users are left alone; on Windows
 * each user has a temporary folder.
 */
async function isLeftover(folder: string): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  if (!stats?.isDirectory() || (process.getuid && stats.uid !== process.getuid())) return false;
  const lock = join(folder, LOCK_FILE);
  const hasLock = await lstat(lock).catch(() => null);
  return hasLock ? await isAbandoned(lock, STALE_MS) : Date.now() - stats.mtimeMs > STALE_MS;
}

interface TemporaryFile {
  readonly path: string;
  /** That the quota has counted. */
  bytes: number;
}

/**
 * Forwards the chunks of a source, and tells its errors, also those of `onBytes`, from those of the file that it is
 * written to.
 */
function observe(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
) {
  const thrown = new Set<unknown>();
  async function* forward() {
    try {
      for await (const chunk of chunks) {
        onBytes(chunk.length);
        yield chunk;
      }
    } catch (error) {
      thrown.add(error);
      throw error;
    }
  }
  return { chunks: forward(), hasThrown: (error: unknown) => thrown.has(error) };
}

/** Retries, since Windows does not remove a file that a terminating process still has open. */
async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true, maxRetries: 5 }).catch(() => undefined);
}
