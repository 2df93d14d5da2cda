import { readlinkSync } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';

/** The content of a lock file of this process. Process ids are only unique within a host and a PID namespace. */
export const LOCK_OWNER = `${hostname()} ${readNamespace()} ${process.pid}\n`;

/**
 * Creates a lock file of this process.
 *
 * @returns `false` if there is one already.
 * @throws file system errors.
 */
export async function tryLock(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(LOCK_OWNER).finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Whether the process that owns a lock file is gone: at once if it ran in this PID namespace, otherwise when the file
 * has not been touched for `staleMs`. Returns `false` if there is no file.
 */
export async function isAbandoned(path: string, staleMs: number): Promise<boolean> {
  try {
    if (isOwnerGone(await readFile(path, 'utf8'))) return true;
    return Date.now() - (await stat(path)).mtimeMs > staleMs;
  } catch {
    // Released in the meantime.
    return false;
  }
}

/** Whether an owner ran in this PID namespace and has ended. `false` for a process of another machine. */
export function isOwnerGone(owner: string): boolean {
  const [host, namespace, pid] = owner.trim().split(' ');
  const isHere = LOCK_OWNER.startsWith(`${host} ${namespace} `);
  return isHere && pid !== undefined && !isAlive(Number(pid));
}

/** `-` where processes have no namespaces (macOS, Windows). */
function readNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '-';
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
