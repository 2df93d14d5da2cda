import type { ChildProcess } from 'node:child_process';

import { MAX_MEDIA_WORKER_BYTES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { decoderKilled } from '../media/decoder-killed.js';
import { capResources } from '../media/resource-caps.js';
import { forkWorker, sendTo } from './fork-worker.js';
import type { MediaWorkerReply, MediaWorkerResults, MediaWorkerTask } from './messages.js';
import { createFairSlots, type RequestHandle } from '../engine/scheduling/queue-ticket.js';

export interface MediaWorkerOptions {
  /** The worker's module, `media.worker.js`. */
  readonly entry: URL;
}

interface MediaWorkersOptions extends MediaWorkerOptions {
  /** 1 by default. */
  readonly processes?: number;
  /** Processes that the tasks of one client may use at once. Undefined for all. */
  readonly perClient?: number;
}

/** Child processes that decode untrusted files, one task at a time each. */
export interface MediaWorkers {
  /** Starts the first process before the first task. The others start when they are needed. */
  start(): void;
  /**
   * Queues a task in the fair order of requests.
   *
   * @param timeoutMs time limit from the start of the task.
   * @param onStart called when the task is sent to a process.
   * @throws the task's error; MEDIA_TOO_EXPENSIVE after the time limit; SERVER_UNAVAILABLE if the process does not
   *   start or something else kills it; the signal's reason if it aborts.
   */
  run<Task extends MediaWorkerTask>(
    task: Task,
    timeoutMs: number,
    handle: RequestHandle,
    onStart?: () => void,
  ): Promise<MediaWorkerResults[Task['type']]>;
  close(): Promise<void>;
}

/** Time in which a process loads its modules: half a second on an idle machine. */
const MAX_START_MS = 60_000;

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
export function createMediaWorkers({
  entry,
  processes = 1,
  perClient = processes,
}: MediaWorkersOptions): MediaWorkers {
  const slots = createFairSlots(processes, perClient);
  /** Processes without a task. As many tasks run as are missing here. */
  const idle = Array.from({ length: processes }, (): Slot => ({ worker: undefined }));
  const all = [...idle];

  async function runNow(task: MediaWorkerTask, timeoutMs: number, signal: AbortSignal) {
    // The one that ran last: the others need not start.
    const slot = idle.pop() ?? { worker: undefined };
    try {
      let child = await (slot.worker ??= startProcess(entry)).catch(() => undefined);
      // The previous file may have ended the process, or it did not start.
      if (!child || !isRunning(child)) child = await (slot.worker = startProcess(entry));
      // The request may have been cancelled during the start.
      signal.throwIfAborted();
      return await askWorker(child, task, timeoutMs, signal);
    } finally {
      idle.push(slot);
    }
  }

  return {
    start() {
      const slot = idle.at(-1);
      // A task reports the failure: it starts the process again.
      if (slot) void (slot.worker ??= startProcess(entry)).catch(() => undefined);
    },
    run<Task extends MediaWorkerTask>(
      task: Task,
      timeoutMs: number,
      handle: RequestHandle,
      onStart: () => void = () => undefined,
    ) {
      const result = slots.run(handle, () => {
        onStart();
        return runNow(task, timeoutMs, handle.signal);
      });
      return result as Promise<MediaWorkerResults[Task['type']]>;
    },
    async close() {
      for (const slot of all) {
        const child = await slot.worker?.catch(() => undefined);
        slot.worker = undefined;
        if (child) killGroup(child);
      }
    },
  };
}

interface Slot {
  worker: Promise<ChildProcess> | undefined;
}

/** @throws SERVER_UNAVAILABLE if the process ends before it is ready, or is not ready in time. */
async function startProcess(entry: URL): Promise<ChildProcess> {
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
  const ready = waitUntilReady(started);
  if (started.pid !== undefined) await Promise.all([ready, capResources(started.pid)]);
  else await ready;
  return started;
}

/** A process that ends while it starts has seen no file: that is the fault of the machine or of the installation. */
function waitUntilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      killGroup(child);
      reject(notStarted(`it was not ready after ${MAX_START_MS / 1_000} s`));
    }, MAX_START_MS);
    child.once('message', () => {
      clearTimeout(timer);
      resolve();
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(notStarted(error.message));
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      reject(notStarted(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
  });
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
    const timer = setTimeout(() => kill(tooSlow(timeoutMs)), timeoutMs);
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
      if (reply.type === 'ready') return;
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
    `Decoding the file exceeded the limit of ${MAX_MEDIA_WORKER_BYTES / 1e6} MB of memory. Reduce its resolution.`,
    { details: { max_megabytes: MAX_MEDIA_WORKER_BYTES / 1e6 } },
  );
}

function tooSlow(limitMs: number): SalamandraError {
  const seconds = limitMs / 1_000;
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    `Decoding the file took longer than ${seconds} s, which is the limit. Send a smaller or shorter file. For a video, request fewer frames or a shorter range.`,
    { details: { max_seconds: seconds } },
  );
}

function notStarted(reason: string): SalamandraError {
  return new SalamandraError(
    'SERVER_UNAVAILABLE',
    `The process that decodes media did not start: ${reason}. Check the memory and the process limits of the machine, and run \`npm ci\` if packages are missing.`,
    { retryable: true },
  );
}

function corrupt(): SalamandraError {
  return new SalamandraError(
    'MEDIA_CORRUPT',
    'The file is damaged or incomplete: its decoder crashed.',
  );
}
