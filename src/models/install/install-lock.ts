import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the holder shows that it lives, and how long a waiter believes in a silent one. */
const HEARTBEAT_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 500;

export interface LockOptions {
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Called once, where another process holds the lock. */
  readonly onWait?: () => void;
}

/**
 * Runs `work` while this process alone holds the lock file; others wait. A holder that died is passed over:
 * at once on the same machine, elsewhere when its heartbeat stops. In the worst case two convert at the same
 * time, which wastes work and harms nothing, since packages appear by renaming.
 *
 * @throws what `work` throws, and the signal's reason while waiting.
 */
export async function withInstallLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, onWait }: LockOptions = {},
): Promise<T> {
  let hasWaited = false;
  while (!(await tryAcquire(path))) {
    signal?.throwIfAborted();
    if (await isAbandoned(path)) {
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

/** Whether somebody who lives holds the lock. */
export async function isInstallLocked(path: string): Promise<boolean> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere && !(await isAbandoned(path));
}

async function tryAcquire(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(`${hostname()} ${process.pid}\n`);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const [host, pid] = (await readFile(path, 'utf8')).trim().split(' ');
    if (host === hostname() && pid !== undefined && !isAlive(Number(pid))) return true;
    return Date.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch {
    // Released in this moment.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
