import { type ChildProcess, execFile } from 'node:child_process';

import { MAX_MEDIA_WORKER_BYTES, MAX_MEDIA_WORKER_FILE_BYTES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { forkWorker, sendTo } from './fork-worker.js';
import type { MediaWorkerReply, MediaWorkerResults, MediaWorkerTask } from './messages.js';
import { createFairMutex, type RequestHandle } from '../engine/scheduling/queue-ticket.js';

export interface MediaWorkerOptions {
  /** The worker's module, `media.worker.js`. */
  readonly entry: URL;
}

/** A child process that works on untrusted files, one task at a time. */
export interface MediaWorker {
  /** Starts the process now instead of with the first task. */
  start(): void;
  /**
   * Does a task when it is the request's turn.
   *
   * @param timeoutMs from then on.
   * @throws what the task throws; MEDIA_TOO_EXPENSIVE past the time; the signal's reason when it aborts.
   */
  run<Task extends MediaWorkerTask>(
    task: Task,
    timeoutMs: number,
    turns: RequestHandle,
  ): Promise<MediaWorkerResults[Task['type']]>;
  close(): Promise<void>;
}

/** Signals of a decoder that broke on the bytes; any other end means that it took too much. */
const CRASH_SIGNALS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE']);

/**
 * A child process that may be killed at any moment, with every process it started: its deadline is a kill, since neither
 * libvips nor ffmpeg can be trusted to end, and its memory is capped where the system offers it. A file that takes the
 * process down fails alone; the next one gets a new process.
 */
export function createMediaWorker({ entry }: MediaWorkerOptions): MediaWorker {
  let worker: Promise<ChildProcess> | undefined;
  const queue = createFairMutex();

  async function start(): Promise<ChildProcess> {
    const started = forkWorker(entry, {
      env: { VIPS_BLOCK_UNTRUSTED: '1', MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' },
      execArgv: ['--max-old-space-size=256'],
      // Decoders print what they find in files, and a terminal would obey it.
      stderr: 'ignore',
      processGroup: 'own',
    });
    started.on('error', () => undefined);
    // What it started outlives its own end otherwise, however that came.
    started.on('exit', () => killGroup(started));
    await capResources(started);
    return started;
  }

  async function runNow(task: MediaWorkerTask, timeoutMs: number, signal: AbortSignal) {
    let child = await (worker ??= start());
    // The last file may have taken the process down.
    if (!isRunning(child)) child = await (worker = start());
    // The caller may have left during the start.
    signal.throwIfAborted();
    return await askWorker(child, task, timeoutMs, signal);
  }

  return {
    start() {
      worker ??= start();
    },
    run<Task extends MediaWorkerTask>(task: Task, timeoutMs: number, turns: RequestHandle) {
      const result = queue.runExclusive(turns, () => runNow(task, timeoutMs, turns.signal));
      return result as Promise<MediaWorkerResults[Task['type']]>;
    },
    async close() {
      const child = await worker;
      worker = undefined;
      if (child) killGroup(child);
    },
  };
}

/** One question, one answer; in every other case the worker is killed. */
function askWorker(
  worker: ChildProcess,
  task: MediaWorkerTask,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<MediaWorkerResults[MediaWorkerTask['type']]> {
  return new Promise((resolve, reject) => {
    if (!isRunning(worker)) {
      reject(tooExpensive());
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
      // Only a dead process frees the slot, so that two never decode side by side.
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
      reject(exitSignal !== null && CRASH_SIGNALS.has(exitSignal) ? corrupt() : tooExpensive());
    }

    worker.on('message', onMessage);
    worker.on('exit', onExit);
    signal.addEventListener('abort', onAbort);
    sendTo(worker, task);
  });
}

/** Kills the worker and whatever it started, ffmpeg above all. */
function killGroup(worker: ChildProcess): void {
  if (worker.pid === undefined) return;
  try {
    process.kill(-worker.pid, 'SIGKILL');
  } catch {
    // The group is gone already, or this system has no groups.
    worker.kill('SIGKILL');
  }
}

/** False for a process that has ended and for one that never started. */
function isRunning(worker: ChildProcess): boolean {
  return worker.pid !== undefined && worker.exitCode === null && worker.signalCode === null;
}

/** By util-linux, since Node cannot set limits, and inherited by ffmpeg; elsewhere the deadline has to do. */
function capResources(worker: ChildProcess): Promise<void> {
  if (process.platform !== 'linux' || worker.pid === undefined) return Promise.resolve();
  const limits = [
    `--data=${MAX_MEDIA_WORKER_BYTES}`,
    `--fsize=${MAX_MEDIA_WORKER_FILE_BYTES}`,
    '--core=0',
  ];
  return new Promise((resolve) =>
    execFile('prlimit', ['--pid', String(worker.pid), ...limits], () => resolve()),
  );
}

function tooExpensive(): SalamandraError {
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    'The file takes too long or too much memory to decode.',
  );
}

function corrupt(): SalamandraError {
  return new SalamandraError('MEDIA_CORRUPT', 'The file is damaged or incomplete.');
}
