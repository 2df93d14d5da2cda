import { rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAbandoned, tryLock } from '../../config/lock-owner.js';

/** The holder updates the modification time of the lock file; a lock without an update for STALE_MS is abandoned. */
const HEARTBEAT_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 500;

export interface LockOptions {
  /** Aborts waiting. */
  readonly signal?: AbortSignal;
  /** Called once if another process holds the lock. */
  readonly onWait?: () => void;
}

/**
 * Runs `work` while holding a lock file; other processes wait. The lock of a dead process is taken over: at once on the
 * same host, after STALE_MS on others (shared file systems). In a race two processes may convert at the same time,
 * which wastes work but is safe, since packages are published by renaming.
 *
 * @throws the errors of `work`; the signal's reason while waiting.
 */
export async function withInstallLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, onWait }: LockOptions = {},
): Promise<T> {
  let hasWaited = false;
  while (!(await tryLock(path))) {
    signal?.throwIfAborted();
    if (await isAbandoned(path, STALE_MS)) {
      await rm(path, { force: true });
      continue;
    }
    if (!hasWaited) onWait?.();
    hasWaited = true;
    await sleep(POLL_MS);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  }
}

/** Whether a running process holds the lock. */
export async function isInstallLocked(path: string): Promise<boolean> {
  const hasFile = await stat(path).then(
    () => true,
    () => false,
  );
  return hasFile && !(await isAbandoned(path, STALE_MS));
}
