import { type ChildProcess, execFile } from 'node:child_process';

import { MAX_MEDIA_MS, MAX_MEDIA_WORKER_BYTES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { forkWorker, sendTo } from './fork-worker.js';
import type { MediaDecoder, TiledMedia, TilingRequest } from './media-decoder.js';

/** What the media worker answers. */
export type MediaWorkerReply =
  | { readonly type: 'tiled'; readonly media: TiledMedia }
  | { readonly type: 'error'; readonly error: unknown };

export interface MediaWorkerOptions {
  /** The worker's module, `media-worker.js`. */
  readonly entry: URL;
  /** Milliseconds for one picture. */
  readonly timeoutMs?: number;
}

/** Signals of a decoder that broke on the bytes; any other end means that it took too much. */
const CRASH_SIGNALS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE']);

/**
 * A decoder in a child process that may be killed at any moment: its deadline is a kill, since neither
 * libvips nor its loaders can be interrupted, and its memory is capped where the system offers it.
 * A picture that takes the process down fails alone; the next one gets a new process.
 */
export function createMediaWorkerDecoder(options: MediaWorkerOptions): MediaDecoder {
  const { entry, timeoutMs = MAX_MEDIA_MS } = options;
  // Started before the first picture comes: a start takes longer than most pictures.
  let worker: Promise<ChildProcess> | undefined = start();
  let previous: Promise<unknown> = Promise.resolve();

  async function start(): Promise<ChildProcess> {
    const started = forkWorker(entry, {
      env: { VIPS_BLOCK_UNTRUSTED: '1', MALLOC_ARENA_MAX: '2', UV_THREADPOOL_SIZE: '2' },
      execArgv: ['--max-old-space-size=256'],
      // Decoders print what they find in files, and a terminal would obey it.
      stderr: 'ignore',
    });
    started.on('error', () => undefined);
    await capMemory(started);
    return started;
  }

  async function tileNow(request: TilingRequest, signal?: AbortSignal): Promise<TiledMedia> {
    signal?.throwIfAborted();
    let child = await (worker ??= start());
    // The last picture may have taken the process down.
    if (!isRunning(child)) child = await (worker = start());
    return await askWorker(child, request, timeoutMs, signal);
  }

  return {
    tile(request, signal) {
      const result = previous.then(() => tileNow(request, signal));
      previous = result.catch(() => undefined);
      return result;
    },
    async close() {
      const child = await worker;
      worker = undefined;
      child?.kill('SIGKILL');
    },
  };
}

/** One question, one answer; in every other case the worker is killed. */
function askWorker(
  worker: ChildProcess,
  request: TilingRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<TiledMedia> {
  return new Promise((resolve, reject) => {
    if (!isRunning(worker)) {
      reject(tooExpensive());
      return;
    }
    const timer = setTimeout(() => kill(tooExpensive()), timeoutMs);
    const onAbort = () => kill(signal?.reason as Error);

    function settle() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      worker.off('message', onMessage);
      worker.off('exit', onExit);
    }
    function kill(reason: Error) {
      settle();
      // Only a dead process frees the slot, so that two never decode side by side.
      worker.once('exit', () => reject(reason));
      worker.kill('SIGKILL');
    }
    function onMessage(reply: MediaWorkerReply) {
      settle();
      if (reply.type === 'tiled') resolve(reply.media);
      else reject(SalamandraError.fromJSON(reply.error));
    }
    function onExit(_code: number | null, exitSignal: string | null) {
      settle();
      reject(exitSignal !== null && CRASH_SIGNALS.has(exitSignal) ? corrupt() : tooExpensive());
    }

    worker.on('message', onMessage);
    worker.on('exit', onExit);
    signal?.addEventListener('abort', onAbort);
    sendTo(worker, request);
  });
}

/** False for a process that has ended and for one that never started. */
function isRunning(worker: ChildProcess): boolean {
  return worker.pid !== undefined && worker.exitCode === null && worker.signalCode === null;
}

/** RLIMIT_DATA by util-linux, since Node cannot set limits; elsewhere the deadline has to do. */
function capMemory(worker: ChildProcess): Promise<void> {
  if (process.platform !== 'linux' || worker.pid === undefined) return Promise.resolve();
  const args = ['--pid', String(worker.pid), `--data=${MAX_MEDIA_WORKER_BYTES}`];
  return new Promise((resolve) => execFile('prlimit', args, () => resolve()));
}

function tooExpensive(): SalamandraError {
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    'The picture takes too long or too much memory to decode.',
  );
}

function corrupt(): SalamandraError {
  return new SalamandraError('MEDIA_CORRUPT', 'The picture is damaged or incomplete.');
}
