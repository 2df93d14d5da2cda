import { lstat, mkdir, readdir, rm, rmdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type FileContent,
  keptFileBytes,
  PARTIAL_SUFFIX,
  readKeptFile,
  writeKeptFile,
} from './disk-cache-file.js';

/** Where files of one model lie. Whatever goes wrong with the disk is a file that is not there. */
export interface DiskCache {
  /** Of the files that are there now, other processes' among them. */
  names(): Promise<string[]>;
  /** Undefined where the file is not there or not whole; then it is deleted. */
  read(name: string): Promise<FileContent | undefined>;
  /** Puts it behind the writes that wait; where too many do, it is not written. */
  write(name: string, content: FileContent): void;
  remove(name: string): void;
  /** Waits for what is still to be written. */
  close(): Promise<void>;
}

export interface KeptFolderOptions {
  /** Holds a folder for each model, and nothing else. */
  readonly root: string;
  /** Of the model: 64 digits of lower-case hex. */
  readonly model: string;
  /** Of all files below the root together. */
  readonly maxBytes: number;
}

const SUFFIX = '.kept';
const MODEL_FOLDER = /^[\da-f]{64}$/;

/** Contents that wait for the disk hold their memory. */
const MAX_WAITING = 4;

/** Milliseconds after which nobody writes a file any more, and after which nobody uses a model any more. */
const ABANDONED_MS = 3_600_000;
const UNUSED_MS = 7 * 86_400_000;

/** Opens the folder of a model and clears away what earlier processes and other models left behind for good. */
export async function openDiskCache(options: KeptFolderOptions): Promise<DiskCache> {
  const { root, model, maxBytes } = options;
  const folder = join(root, model);
  const pathOf = (name: string) => join(folder, `${name}${SUFFIX}`);
  let waiting = 0;
  let work = Promise.resolve();
  let hasFailed = false;

  /** One change after another. */
  const enqueue = (change: () => Promise<unknown>): void => {
    waiting += 1;
    work = work
      .then(change)
      .catch((error: unknown) => {
        if (!hasFailed) console.error('prompt-store: the disk cannot be used:', error);
        hasFailed = true;
      })
      .then(() => {
        waiting -= 1;
      });
  };

  const write = async (name: string, content: FileContent): Promise<void> => {
    const bytes = keptFileBytes(name, content);
    if (bytes > maxBytes) return;
    await makeRoom(root, maxBytes - bytes);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeKeptFile(pathOf(name), name, content);
    // Another process may have written meanwhile.
    await makeRoom(root, maxBytes);
  };

  enqueue(() => removeUnused(root, model));
  await work;
  return {
    async names() {
      const files = await readdir(folder).catch(() => []);
      return files
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length));
    },
    async read(name) {
      const path = pathOf(name);
      try {
        const content = await readKeptFile(path, name);
        const now = new Date();
        await utimes(path, now, now).catch(() => undefined);
        return content;
      } catch (error) {
        if (!isMissing(error))
          await rm(path, { recursive: true, force: true }).catch(() => undefined);
        return undefined;
      }
    },
    write(name, content) {
      if (waiting < MAX_WAITING) enqueue(() => write(name, content));
    },
    remove(name) {
      enqueue(() => rm(pathOf(name), { force: true }));
    },
    close: () => work,
  };
}

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Deletes the files used longest ago, whichever model's, until the others have so many bytes at most. */
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

/** Deletes files that were never finished, and the folders of models that nobody used for a week. */
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
    // Only a folder without files goes: another process may have begun to use it.
    if (isUnused) await rmdir(folder).catch(() => undefined);
  }
}

async function modelFolders(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  // A link may lead anywhere, and what is found in these folders is deleted.
  return entries
    .filter((entry) => entry.isDirectory() && MODEL_FOLDER.test(entry.name))
    .map(({ name }) => name);
}

async function listFiles(folder: string): Promise<FoundFile[]> {
  const names = await readdir(folder).catch(() => []);
  const files: FoundFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // Gone between the two: another process deleted it.
    const found = await lstat(path).catch(() => undefined);
    if (found) files.push({ path, bytes: found.size, modifiedMs: found.mtimeMs });
  }
  return files;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
