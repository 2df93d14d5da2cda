import { lstat, mkdir, readdir, rm, rmdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type FileContent,
  cacheFileBytes,
  PARTIAL_SUFFIX,
  readCacheFile,
  writeCacheFile,
} from './disk-cache-file.js';

/** The cache files of one model. A file that cannot be read or written counts as a miss. */
export interface DiskCache {
  /** Keys of the present files, including those of other processes. */
  keys(): Promise<string[]>;
  /** Undefined if the file is missing or damaged. A damaged file is deleted. */
  read(key: string): Promise<FileContent | undefined>;
  /** Queues a write. Drops it if MAX_WAITING changes are queued. */
  write(key: string, content: FileContent): void;
  remove(key: string): void;
  /** Waits for queued changes. */
  close(): Promise<void>;
}

export interface DiskCacheOptions {
  /** Contains one folder per model and nothing else. */
  readonly root: string;
  /** Folder name: 64 lower-case hex digits. */
  readonly model: string;
  /** Limit for all files below the root together. */
  readonly maxBytes: number;
}

const SUFFIX = '.cache';
const MODEL_FOLDER = /^[\da-f]{64}$/;

/** A queued write keeps its content in memory. */
const MAX_WAITING = 4;

/** Age at which a partial file counts as abandoned: no write takes an hour. */
const ABANDONED_MS = 3_600_000;
/** Age at which the files of another model are deleted. */
const UNUSED_MS = 7 * 86_400_000;

/** Opens the folder of a model. Deletes abandoned partial files and the files of models unused for a week. */
export async function openDiskCache(options: DiskCacheOptions): Promise<DiskCache> {
  const { root, model, maxBytes } = options;
  const folder = join(root, model);
  const pathOf = (key: string) => join(folder, `${key}${SUFFIX}`);
  let waiting = 0;
  let work = Promise.resolve();
  let hasFailed = false;

  /** Changes run one after another. */
  const enqueue = (change: () => Promise<unknown>): void => {
    waiting += 1;
    work = work
      .then(change)
      .catch((error: unknown) => {
        if (!hasFailed) console.error(`disk cache: cannot write to ${folder}:`, error);
        hasFailed = true;
      })
      .then(() => {
        waiting -= 1;
      });
  };

  const write = async (key: string, content: FileContent): Promise<void> => {
    const bytes = cacheFileBytes(key, content);
    if (bytes > maxBytes) return;
    await makeRoom(root, maxBytes - bytes);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeCacheFile(pathOf(key), key, content);
    // Another process may have written at the same time.
    await makeRoom(root, maxBytes);
  };

  enqueue(() => removeUnused(root, model));
  await work;
  return {
    async keys() {
      const files = await readdir(folder).catch(() => []);
      return files
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length));
    },
    async read(key) {
      const path = pathOf(key);
      try {
        const content = await readCacheFile(path, key);
        const now = new Date();
        await utimes(path, now, now).catch(() => undefined);
        return content;
      } catch (error) {
        if (!isMissing(error))
          await rm(path, { recursive: true, force: true }).catch(() => undefined);
        return undefined;
      }
    },
    write(key, content) {
      if (waiting < MAX_WAITING) enqueue(() => write(key, content));
    },
    remove(key) {
      enqueue(() => rm(pathOf(key), { force: true }));
    },
    close: () => work,
  };
}

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Evicts the least recently used files of all models until `maxBytes` remain. */
async function makeRoom(root: string, maxBytes: number): Promise<void> {
  const files: FoundFile[] = [];
  for (const model of await modelFolders(root)) files.push(...(await listFiles(join(root, model))));
  files.sort((a, b) => a.modifiedMs - b.modifiedMs);
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of files) {
    if (total <= maxBytes) break;
    await rm(path, { force: true });
    total -= bytes;
  }
}

/** Deletes abandoned partial files, and the folders of other models whose files were unused for UNUSED_MS. */
async function removeUnused(root: string, used: string): Promise<void> {
  for (const model of await modelFolders(root)) {
    const folder = join(root, model);
    const files = await listFiles(folder);
    const isUnused =
      model !== used && files.every(({ modifiedMs }) => Date.now() - modifiedMs > UNUSED_MS);
    for (const { path, modifiedMs } of files) {
      const isAbandoned = path.endsWith(PARTIAL_SUFFIX) && Date.now() - modifiedMs > ABANDONED_MS;
      if (isUnused || isAbandoned) await rm(path, { force: true });
    }
    // Fails for a folder that is not empty: another process may have started to use it.
    if (isUnused) await rmdir(folder).catch(() => undefined);
  }
}

async function modelFolders(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  // Symbolic links are ignored, because files in these folders are deleted.
  return entries
    .filter((entry) => entry.isDirectory() && MODEL_FOLDER.test(entry.name))
    .map(({ name }) => name);
}

async function listFiles(folder: string): Promise<FoundFile[]> {
  const names = await readdir(folder).catch(() => []);
  const files: FoundFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // Undefined if another process deleted the file since readdir.
    const found = await lstat(path).catch(() => undefined);
    if (found) files.push({ path, bytes: found.size, modifiedMs: found.mtimeMs });
  }
  return files;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
