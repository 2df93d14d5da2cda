import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface WorkerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** Where the worker's standard error goes. */
  readonly stderr: 'inherit' | 'ignore';
}

/** What a worker needs of the environment. The rest may hold secrets, and media is decoded in a worker. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'TEMP', 'SystemRoot'];

/** Starts a child process that talks in structured clones. Standard output stays the parent's own. */
export function forkWorker(entry: URL, options: WorkerOptions): ChildProcess {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    env: { ...Object.fromEntries(passedOn), ...options.env },
    execArgv: [...(options.execArgv ?? [])],
    stdio: ['ignore', 'ignore', options.stderr, 'ipc'],
  });
}

/** Sends a message to a child. One that cannot be reached any more is reported by its exit. */
export function sendTo(child: ChildProcess, message: object): void {
  child.send(message, () => undefined);
}

/**
 * Ties a worker to its parent, in the worker: it ends when the parent does or lets go of it, and leaves
 * Ctrl-C and SIGTERM, which reach the whole process group, to the parent, who may want to finish work.
 */
export function followParent(): void {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
}
