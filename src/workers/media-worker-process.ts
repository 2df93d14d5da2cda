import type { ChildProcess } from 'node:child_process';

import { SalamandraError } from '../errors/salamandra-error.js';
import { decoderKilled } from '../media/decoder-killed.js';
import { capResources } from '../media/resource-caps.js';
import { forkWorker, sendTo } from './fork-worker.js';
import type { MediaWorkerReply, MediaWorkerResults, MediaWorkerTask } from './messages.js';
import { createFairMutex, type RequestHandle } from '../engine/scheduling/queue-ticket.js';

export interface MediaWorkerOptions {
  /** The worker's module, `media.worker.js`. */
  readonly entry: URL;
}

/** A child process that decodes untrusted files, one task at a time. */
export interface MediaWorker {
  /** Starts the process before the first task. */
  start(): void;
  /**
   * Queues a task in the fair order of requests.
   *
   * @param timeoutMs time limit from the start of the task.
   * @throws the task's error; MEDIA_TOO_EXPENSIVE after the time limit; SERVER_UNAVAILABLE if something else kills the
   *   process; the signal's reason if it aborts.
   */
  run<Task extends MediaWorkerTask>(
    task: Task,
    timeoutMs: number,
    handle: RequestHandle,
  ): Promise<MediaWorkerResults[Task['type']]>;
  close(): Promise<void>;
}

/** Signals of a decoder crash. */
const CRASH_SIGNALS: ReadonlySet<string | null> = new Set([
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
]);
/** Signals from outside: of the kernel when the machine has no memory left, or of an operator. */
const OUTSIDE_SIGNALS: ReadonlySet<string | null> = new Set(['SIGKILL', 'SIGTERM', 'SIGHUP']);

/**
 * A media worker is killed with its process group at the deadline, because libvips and ffmpeg may not terminate on
 * hostile input. On Linux its memory is limited. A file that ends the process fails alone; the next file gets a new
 * process.
 */
export function createMediaWorker({ entry }: MediaWorkerOptions): MediaWorker {
  let worker: Promise<ChildProcess> | undefined;
  const mutex = createFairMutex();

  async function start(): Promise<ChildProcess> {
    const started = forkWorker(entry, {
      env: { VIPS_BLOCK_UNTRUSTED: '1', MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' },
      execArgv: ['--max-old-space-size=256'],
      // Decoders print strings from files, which may contain terminal control sequences.
      stderr: 'ignore',
      processGroup: 'own',
    });
    started.on('error', () => undefined);
    // ffmpeg would survive the exit of the worker otherwise.
    started.on('exit', () => killGroup(started));
    if (started.pid !== undefined) await capResources(started.pid);
    return started;
  }

  async function runNow(task: MediaWorkerTask, timeoutMs: number, signal: AbortSignal) {
    let child = await (worker ??= start());
    // The previous file may have ended the process.
    if (!isRunning(child)) child = await (worker = start());
    // The request may have been cancelled during the start.
    signal.throwIfAborted();
    return await askWorker(child, task, timeoutMs, signal);
  }

  return {
    start() {
      worker ??= start();
    },
    run<Task extends MediaWorkerTask>(task: Task, timeoutMs: number, handle: RequestHandle) {
      const result = mutex.runExclusive(handle, () => runNow(task, timeoutMs, handle.signal));
      return result as Promise<MediaWorkerResults[Task['type']]>;
    },
    async close() {
      const child = await worker;
      worker = undefined;
      if (child) killGroup(child);
    },
  };
}

/** Sends one task and waits for its reply. A timeout or an abort kills the worker. */
function askWorker(
  worker: ChildProcess,
  task: MediaWorkerTask,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<MediaWorkerResults[MediaWorkerTask['type']]> {
  return new Promise((resolve, reject) => {
    if (!isRunning(worker)) {
      reject(exitError(worker.signalCode));
      return;
    }
    const timer = setTimeout(() => kill(tooExpensive()), timeoutMs);
    const onAbort = () => kill(signal.reason as Error);

    function settle() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
    }
    function kill(reason: Error) {
      settle();
      // Rejects after the exit, so that the next task does not run beside this one.
      worker.once('exit', () => reject(reason));
      killGroup(worker);
    }
    function onMessage(reply: MediaWorkerReply) {
      settle();
      if (reply.type === 'result') resolve(reply.result);
      else reject(SalamandraError.fromJSON(reply.error));
    }
    function onExit(_code: number | null, exitSignal: string | null) {
      settle();
      reject(exitError(exitSignal));
    }

    worker.on('message', onMessage);
    worker.on('exit', onExit);
    signal.addEventListener('abort', onAbort);
    sendTo(worker, task);
  });
}

/** The error of a file whose worker ended by itself: any other exit means that it met a resource limit. */
function exitError(signal: string | null): SalamandraError {
  if (CRASH_SIGNALS.has(signal)) return corrupt();
  return OUTSIDE_SIGNALS.has(signal) ? decoderKilled() : tooExpensive();
}

/** Kills the worker and the processes that it started. */
function killGroup(worker: ChildProcess): void {
  if (worker.pid === undefined) return;
  try {
    process.kill(-worker.pid, 'SIGKILL');
  } catch {
    // The process group is gone, or the system has no process groups.
    worker.kill('SIGKILL');
  }
}

function isRunning(worker: ChildProcess): boolean {
  return worker.pid !== undefined && worker.exitCode === null && worker.signalCode === null;
}

function tooExpensive(): SalamandraError {
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    'Decoding the file exceeded the time or memory limit of the media worker. Send a smaller or shorter file.',
  );
}

function corrupt(): SalamandraError {
  return new SalamandraError(
    'MEDIA_CORRUPT',
    'The file is damaged or incomplete: its decoder crashed.',
  );
}
