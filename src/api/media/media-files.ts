import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

import { DEFAULT_TEMPORARY_BYTES } from '../../config/limits.js';
import { TemporaryFolder } from '../../config/temporary-folder.js';
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
 * Temporary files of videos and large images, in a `TemporaryFolder` that is removed with the process.
 */
@Injectable()
export class MediaFiles implements OnModuleInit, OnModuleDestroy {
  private readonly folder: TemporaryFolder;

  /** @param parent the temporary folder of the system. */
  constructor(
    parent = tmpdir(),
    private readonly quota = new DiskQuota(DEFAULT_TEMPORARY_BYTES),
  ) {
    this.folder = new TemporaryFolder(parent);
  }

  async onModuleInit(): Promise<void> {
    await this.folder.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.folder.close();
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
    const folder = this.folder.open();
    try {
      try {
        return await createFileIn(await folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        this.folder.forget(folder);
        return await createFileIn(await this.folder.open());
      }
    } catch (error) {
      throw storageError(error);
    }
  }
}

async function createFileIn(folder: string) {
  const path = join(folder, randomUUID());
  return { path, handle: await open(path, 'wx', 0o600) };
}

interface TemporaryFile {
  readonly path: string;
  /** That the quota has counted. */
  bytes: number;
}

/**
 * Bytes of a write. Each one hands over to another thread, which delays the requests of others on a busy machine;
 * chunks of a connection have 64 kB.
 */
const BLOCK_BYTES = 1_000_000;

/**
 * Forwards the bytes of a source in blocks, and tells its errors, also those of `onBytes`, from those of the file that
 * it is written to.
 */
function observe(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
) {
  const thrown = new Set<unknown>();
  async function* forward() {
    let block: Uint8Array[] = [];
    let blockBytes = 0;
    try {
      for await (const chunk of chunks) {
        onBytes(chunk.length);
        block.push(chunk);
        blockBytes += chunk.length;
        if (blockBytes < BLOCK_BYTES) continue;
        yield Buffer.concat(block);
        block = [];
        blockBytes = 0;
      }
      yield Buffer.concat(block);
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
