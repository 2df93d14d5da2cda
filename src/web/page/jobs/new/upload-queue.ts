import { type ReadonlySignal, signal } from '@preact/signals';

import { ServiceError } from '../../service/service-error.js';
import type { PathFile } from './dropped-files.js';

/** Files that are uploaded at the same time. */
const PARALLEL = 3;
/** Files that may fail one after the other before the rest waits: the service, not the file, is the reason. */
const MAX_FAILURES_IN_A_ROW = 5;
/** Milliseconds until a lost service is tried again. */
const RETRY_MS = 5_000;

/** Reason of an interruption: the service does not answer. */
const LOST = Symbol('lost');

/** The upload of the files of a job. */
interface UploadState {
  /** `lost`: the service does not answer, and the uploads go on by themselves when it does. */
  readonly phase: 'running' | 'lost' | 'stopped' | 'ended';
  readonly files: number;
  readonly bytes: number;
  readonly sentFiles: number;
  readonly sentBytes: number;
  readonly failed: readonly { readonly file: PathFile; readonly error: unknown }[];
}

export interface UploadQueue {
  readonly state: ReadonlySignal<UploadState>;
  /** Uploads what is left: at the start, after a stop, and again what failed. Returns when the queue stands still. */
  readonly run: () => Promise<void>;
  /** Interrupts the uploads. `run` resumes them. */
  readonly stop: () => void;
}

/**
 * Uploads files, some at the same time.
 *
 * @param send uploads one file, or the rest of it, and reports the bytes that the service has. Rejects with the reason
 *   when the file cannot be uploaded, or when the signal aborts.
 * @param retryMs milliseconds until a lost service is tried again.
 */
export function createUploadQueue(
  files: readonly PathFile[],
  send: (file: PathFile, onProgress: (bytes: number) => void, signal: AbortSignal) => Promise<void>,
  retryMs = RETRY_MS,
): UploadQueue {
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const state = signal<UploadState>({
    ...{ phase: 'stopped', files: files.length, bytes, sentFiles: 0, sentBytes: 0, failed: [] },
  });
  let left: readonly PathFile[] = files;
  let stopping = new AbortController();

  /** Of files on their way. */
  const partial = new Map<PathFile, number>();
  let finishedBytes = 0;

  function update(change: Partial<UploadState>): void {
    const partialBytes = [...partial.values()].reduce((sum, sent) => sum + sent, 0);
    state.value = { ...state.peek(), sentBytes: finishedBytes + partialBytes, ...change };
  }

  async function run(): Promise<void> {
    const { phase, failed } = state.peek();
    if (phase === 'running' || phase === 'lost') return;
    stopping = new AbortController();
    const { signal: stop } = stopping;
    left = [...left, ...failed.map(({ file }) => file)];
    update({ phase: 'running', failed: [] });
    while ((await sendLeft(stop)) === 'lost') {
      update({ phase: 'lost' });
      await pause(retryMs, stop);
      if (stop.aborted) break;
      update({ phase: 'running' });
    }
    update({ phase: left.length === 0 ? 'ended' : 'stopped' });
  }

  /** Sends the remaining files. Ends earlier if the person stops it, or if the service is lost. */
  async function sendLeft(stop: AbortSignal): Promise<'done' | 'lost'> {
    const interrupting = new AbortController();
    const { signal: interrupt } = interrupting;
    const abort = () => interrupting.abort();
    stop.addEventListener('abort', abort);
    let failuresInARow = 0;
    const isInterrupted = () => interrupt.aborted;
    const work = async () => {
      for (let file = left[0]; file && !isInterrupted(); file = left[0]) {
        left = left.slice(1);
        try {
          await sendOne(file, interrupt);
          failuresInARow = 0;
        } catch (error) {
          partial.delete(file);
          // Without effect if the uploads are interrupted already.
          if (isLostService(error)) interrupting.abort(LOST);
          if (isInterrupted()) {
            left = [file, ...left];
            update({});
            return;
          }
          failuresInARow += 1;
          update({ failed: [...state.peek().failed, { file, error }] });
          if (failuresInARow >= MAX_FAILURES_IN_A_ROW) interrupting.abort();
        }
      }
    };
    if (stop.aborted) return 'done';
    await Promise.all(Array.from({ length: PARALLEL }, work));
    stop.removeEventListener('abort', abort);
    return interrupt.reason === LOST ? 'lost' : 'done';
  }

  async function sendOne(file: PathFile, interrupt: AbortSignal): Promise<void> {
    const onProgress = (sent: number) => {
      partial.set(file, sent);
      update({});
    };
    await send(file, onProgress, interrupt);
    partial.delete(file);
    finishedBytes += file.file.size;
    update({ sentFiles: state.peek().sentFiles + 1 });
  }

  return { state, run, stop: () => stopping.abort() };
}

/** Whether the connection, and not the file, is the reason of a failure. */
function isLostService(error: unknown): boolean {
  return error instanceof ServiceError && error.kind !== 'problem';
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
