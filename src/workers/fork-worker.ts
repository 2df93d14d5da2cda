import { type ChildProcess, fork } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface WorkerOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** `pipe`: the parent reads `child.stderr`. */
  readonly stderr: 'inherit' | 'ignore' | 'pipe';
  /** `own`: `process.kill(-pid)` kills the worker and the processes that it started. Undefined: the parent's group. */
  readonly processGroup?: 'own';
}

/** Environment variables that a worker receives. Others may contain secrets, and workers decode untrusted files. */
const ALLOWED_VARIABLES = [
  ...['PATH', 'LD_LIBRARY_PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'TEMP', 'SystemRoot'],
  'SALAMANDRA_FFMPEG',
];

/** Added to the parent's niceness, so that HTTP and signals are handled while workers use all cores. */
const WORKER_NICENESS = 5;
/** Lowest priority on POSIX. */
const MAX_NICENESS = 19;

/** Starts a child process with an IPC channel of structured clones. It does not inherit standard output. */
export function forkWorker(entry: URL, options: WorkerOptions): ChildProcess {
  const child = spawn(entry, options);
  lowerPriority(child);
  return child;
}

function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(getPriority() + WORKER_NICENESS, MAX_NICENESS));
  } catch {
    // The process has exited, or the system does not permit it. The default priority works as well.
  }
}

function spawn(entry: URL, options: WorkerOptions): ChildProcess {
  const variables = ALLOWED_VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    env: { ...Object.fromEntries(variables), ...options.env },
    execArgv: [...(options.execArgv ?? [])],
    stdio: ['ignore', 'ignore', options.stderr, 'ipc'],
    detached: options.processGroup === 'own',
  });
}

/** Sends a message to a child. Its exit event reports a child that is gone. */
export function sendTo(child: ChildProcess, message: object): void {
  child.send(message, () => undefined);
}

/** Sends a message to the parent. The disconnect event reports a parent that is gone. */
export function sendToParent(message: object): void {
  process.send?.(message, undefined, {}, () => undefined);
}

/**
 * Ends a worker with its parent. Ctrl-C and SIGTERM, which reach the whole process group, are left to the parent,
 * because it may finish running requests first.
 *
 * @param onDisconnect called when the parent exits or disconnects. It must end the process.
 */
export function followParent(onDisconnect: () => void = () => process.exit(0)): void {
  process.on('disconnect', onDisconnect);
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
}
