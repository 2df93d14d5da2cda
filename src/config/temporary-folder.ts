import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isAbandoned, LOCK_OWNER } from './lock-owner.js';

/**
 * The process updates the modification time of its lock file. The folder of another process is a leftover if that
 * process is gone, or without an update for STALE_MS if it ran in another container, which has process ids of its own.
 */
const LOCK_FILE = 'lock';
const HEARTBEAT_MS = 10_000;
const STALE_MS = 120_000;

/** Ends with six random characters of `mkdtemp`. */
const FOLDER_PREFIX = 'visual-salamandra-';
const FOLDER_NAME = /^visual-salamandra-\w{6}$/;

/**
 * A folder for temporary files that only this user can read. It is made on the first use, and again when something else
 * has removed it. `close` removes it; after a crash, the next process does.
 */
export class TemporaryFolder {
  private folder: Promise<string> | undefined;
  private timers: NodeJS.Timeout[] = [];

  /** @param parent the temporary folder of the system. */
  constructor(private readonly parent = tmpdir()) {}

  /** Removes what earlier processes left, now and from time to time, and keeps the own folder from being a leftover. */
  async start(): Promise<void> {
    await this.removeLeftovers();
    // A folder of another container that crashed just before this start becomes stale later.
    this.timers = [
      setInterval(() => void this.keepLocked(), HEARTBEAT_MS).unref(),
      setInterval(() => void this.removeLeftovers(), STALE_MS).unref(),
    ];
  }

  /** The path of the folder; created on the first call, and again after a failed call. @throws errors of the system */
  readonly open = (): Promise<string> => {
    const folder = (this.folder ??= createFolder(this.parent));
    folder.catch(() => this.forget(folder));
    return folder;
  };

  /** Makes the next `open` create a folder, unless another call has done so since. */
  forget(folder: Promise<string>): void {
    if (this.folder === folder) this.folder = undefined;
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    const folder = await this.folder?.catch(() => undefined);
    if (folder === undefined) return;
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
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
