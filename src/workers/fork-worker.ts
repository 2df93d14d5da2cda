import { type ChildProcess, fork } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface WorkerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** Where the worker's standard error goes. */
  readonly stderr: 'inherit' | 'ignore';
  /** `own`: whatever the worker starts can be killed together with it, by `process.kill(-pid)`. Absent: the parent's. */
  readonly processGroup?: 'own';
}

/** What a worker needs of the environment. The rest may hold secrets, and media is decoded in a worker. */
const PASSED_ON = [
  ...['PATH', 'LD_LIBRARY_PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'TEMP', 'SystemRoot'],
  'SALAMANDRA_FFMPEG',
];

/** How far a worker stands behind its parent in the scheduler's queue, and where the scale ends. */
const WORKER_NICENESS = 5;
const MAX_NICENESS = 19;

/** Starts a child process that talks in structured clones. Standard output stays the parent's own. */
export function forkWorker(entry: URL, options: WorkerOptions): ChildProcess {
  const child = spawn(entry, options);
  lowerPriority(child);
  return child;
}

/** A worker can fill every core; whoever talks to the world must still get its turn at once. */
function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(getPriority() + WORKER_NICENESS, MAX_NICENESS));
  } catch {
    // It has ended already, or this system does not let us: it runs as it is.
  }
}

function spawn(entry: URL, options: WorkerOptions): ChildProcess {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    env: { ...Object.fromEntries(passedOn), ...options.env },
    execArgv: [...(options.execArgv ?? [])],
    stdio: ['ignore', 'ignore', options.stderr, 'ipc'],
    detached: options.processGroup === 'own',
  });
}

/** Sends a message to a child. One that cannot be reached any more is reported by its exit. */
export function sendTo(child: ChildProcess, message: object): void {
  child.send(message, () => undefined);
}

/** Sends a message to the parent. One that is gone is reported by the disconnect that follows. */
export function sendToParent(message: object): void {
  process.send?.(message, undefined, {}, () => undefined);
}

/**
 * Ties a worker to its parent, in the worker: when the parent ends or lets go of it, it does what `onOrphaned` says, which
 * is to end as well. Ctrl-C and SIGTERM, which reach the whole process group, are left to the parent, who may want to
 * finish work.
 */
export function followParent(onOrphaned: () => void = () => process.exit(0)): void {
  process.on('disconnect', onOrphaned);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
}
